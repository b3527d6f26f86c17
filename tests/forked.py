"""Python programs in processes of their own, without the seconds that importing PyTorch takes each of them.

They are forked from one process that has imported NumPy, PyTorch and SciPy, which every program here does, and none of
the packages under test.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

SERVER = """
import json, os, sys, time, warnings
import numpy, scipy.linalg, scipy.optimize, scipy.sparse.linalg, scipy.special, torch
plain = list(sys.path)

def ended(pid, seconds):
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found or time.monotonic() > until:
            return os.waitstatus_to_exitcode(status) if found else None
        time.sleep(0.005)

for line in sys.stdin:
    asked = json.loads(line)
    pid = asked.get("pid") or os.fork()
    if pid == 0:
        break
    print(json.dumps(ended(pid, asked["seconds"]) if "pid" in asked else pid), flush=True)
else:
    os._exit(0)

for number, (name, flags) in enumerate(asked["streams"]):
    os.dup2(os.open(name, flags), number)
os.chdir(asked["cwd"])
os.environ.clear()
os.environ.update(asked["environment"])
sys.argv = ["-c", *asked["arguments"]]
sys.path[:] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), *plain[1:]]
sys.stdin = open(0)
exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
"""


@cache
def _server() -> subprocess.Popen[str]:
    """Ends with this process, whose end it reads from its standard input."""
    command = [sys.executable, "-c", SERVER]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)
    return server


def _ask(**asked: Any) -> Any:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps(asked), file=server.stdin, flush=True)
    return json.loads(server.stdout.readline())


class Program:
    """``python -c CODE ARGUMENTS``, begun; ``pid`` is its process."""

    def __init__(
        self, code: str, *arguments: object, cwd: Path | None = None, environment: dict[str, str] | None = None
    ) -> None:
        self._files = [Path(folder) / name for folder in (tempfile.mkdtemp(),) for name in ("out", "err")]
        write = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.pid = _ask(
            code=code,
            arguments=[*map(str, arguments)],
            cwd=str(cwd or Path.cwd()),
            environment={**os.environ, **(environment or {})},
            streams=[(os.devnull, os.O_RDONLY), *((str(file), write) for file in self._files)],
        )
        self.status: int | None = None

    def ended(self, seconds: float = 0.0) -> bool:
        """Within so many seconds."""
        if self.status is None:
            self.status = _ask(pid=self.pid, seconds=seconds)
        return self.status is not None

    def kill(self) -> None:
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)

    def result(self, seconds: float = 600.0) -> subprocess.CompletedProcess[str]:
        """When it has ended; a status below zero is the signal that ended it."""
        if not self.ended(seconds):
            self.kill()
            raise TimeoutError(f"the program still ran after {seconds} seconds")
        assert self.status is not None
        out, err = (file.read_text() for file in self._files)
        shutil.rmtree(self._files[0].parent)
        return subprocess.CompletedProcess(self.pid, self.status, out, err)


def run(code: str, *arguments: object, **options: Any) -> str:
    """What the program prints; it must end well."""
    done = Program(code, *arguments, **options).result()
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def program_of(file: Path) -> str:
    """The code that runs the file as ``python FILE`` does."""
    return f"import runpy, sys; sys.path[0] = {str(file.parent)!r}; runpy.run_path({str(file)!r}, run_name='__main__')"


def two_processes(file: Path, *arguments: object) -> None:
    """``torchrun --nproc-per-node=2 FILE ARGUMENTS``; both must end well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    ranks = [
        Program(program_of(file), *arguments, environment={**group, "RANK": rank, "LOCAL_RANK": rank})
        for rank in ("0", "1")
    ]
    try:
        results = [rank.result() for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    for done in results:
        assert done.returncode == 0, done.stderr[-3000:]
