"""Jobs of ``process_jobs.py`` in several gloo processes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

HERE = Path(__file__).parent
PATHS = [str(HERE), str(HERE.parent / "gradient"), *sys.path]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(PATHS)}


def start(job, size, folder, **arguments):
    """A process a rank; what each returns is written to FOLDER/RANK.json."""
    meeting = folder / f"meeting-{uuid.uuid4().hex}"  # a file, so that no port can be another's
    for rank in range(size):
        (folder / f"{rank}.json").unlink(missing_ok=True)
    return [
        subprocess.Popen(
            [
                sys.executable,
                str(HERE / "process_jobs.py"),
                job,
                str(rank),
                str(size),
                str(meeting),
                json.dumps(arguments),
            ],
            env=ENVIRONMENT,
            cwd=folder,
        )
        for rank in range(size)
    ]


def run(job, size, folder, **arguments):
    """What the job returned in each process."""
    started = start(job, size, folder, **arguments)
    try:
        for process in started:
            assert process.wait(timeout=300) == 0
    finally:
        for process in started:
            process.kill()
            process.wait()
    return results(size, folder)


def results(size, folder):
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(size)]
