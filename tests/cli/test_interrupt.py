"""Ctrl-C at any moment ends the program with a word and status 130, never with a traceback."""

import dataclasses
import subprocess
import sys

import pytest

import ufm
from verify.main_job.problems import run_main_job

# The module is found by its name alone; looking for it is where Ctrl-C comes.
INTERRUPTED = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder())
sys.argv = ["ufm", "verify"]
import ufm_command
assert not {{"verify", "ufm", "torch", "numpy"}} & set(sys.modules), "the entry point imports before it listens"
ufm_command.main()
"""


@pytest.mark.parametrize("module", ["verify", "torch", "scipy", "tyro", "verify.cli.commands", "verify.report"])
def test_during_imports(module):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "interrupted"


def test_during_a_solve_of_the_main_job(monkeypatch):
    """A solver answers Ctrl-C with the point reached, which is no case of the report."""
    started, solve = [], ufm.solve

    def interrupted(*arguments, **options):
        return dataclasses.replace(solve(*arguments, **options), status="interrupted: the best point so far")

    monkeypatch.setattr(ufm, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_main_job(started.append)
    assert len(started) == 1
