"""Tests with a mutant in place of its module: in a process of their own, forked where libraries are imported already.

No file is changed: the mutant is what an import of its module finds.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

# pytest's exit codes
SURVIVED, KILLED, AT_IMPORT = 0, 1, 2
OUT_OF_TIME = -1


class InItsPlace(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds other code for one module."""

    def __init__(self, path: str, code: str) -> None:
        self.path, self.code = path, code
        self.name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Of that module only."""
        if fullname != self.name:
            return None
        folder = [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(
            fullname, Path(self.path).resolve(), loader=self, submodule_search_locations=folder
        )

    def exec_module(self, module: ModuleType) -> None:
        """The other code."""
        exec(compile(self.code, self.path, "exec"), module.__dict__)


def outcome(tests: Sequence[str], seconds: float, path: str | None = None, code: str = "") -> tuple[int, float]:
    """pytest's exit code, or OUT_OF_TIME, and how long it took."""
    start = time.monotonic()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        status = 70
        try:
            if path is not None:
                sys.meta_path.insert(0, InItsPlace(path, code))
            options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of the libraries imported before
            status = int(pytest.main([*options, *tests]))
        finally:
            os._exit(status)
    while time.monotonic() - start < seconds:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code_found = os.waitstatus_to_exitcode(status)
            return (KILLED if code_found < 0 else code_found), time.monotonic() - start
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return OUT_OF_TIME, time.monotonic() - start
