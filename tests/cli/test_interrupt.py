"""Ctrl-C at any moment ends the program with a word and status 130, never with a traceback."""

import dataclasses
import gc
import signal
import subprocess
import sys
import time

import pytest

import ufm
from verify.falsification import falsify
from verify.findings import run_findings
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


@pytest.mark.parametrize(
    "module",
    [
        "verify",
        "torch",
        *(
            pytest.param(m, marks=pytest.mark.slow)
            for m in ("scipy", "verify.cli.commands", "verify.cli.verify_command", "verify.report")
        ),
    ],
)
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
        return dataclasses.replace(solve(*arguments, **options), outcome=ufm.Outcome.INTERRUPTED)

    monkeypatch.setattr(ufm, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_main_job(started.append)
    assert len(started) == 1


STARTING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Finder())
sys.argv = ["ufm", "verify"]
import ufm_command
ufm_command.main()
"""


@pytest.mark.parametrize(("name", "status", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_during_imports(name, status, word):
    """No exception, which C++ code that is being initialized would answer with SIGABRT."""
    done = subprocess.run(
        [sys.executable, "-c", STARTING.format(name=name)], capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stderr.strip(), done.stdout) == (status, word, "")


BEGUN = """
import {module} as module
real = module.{function}
def begun(*arguments, **options):
    open("begun", "w").close()
    return real(*arguments, **options)
module.{function} = begun
"""
LONG = {
    "solve": (
        "solve --classes 30 30 --samples 2 --method gradient --steps 100000000 --tolerance 1e-300 --checkpoint kept "
        "--save saved",
        BEGUN.format(module="ufm.solvers.gradient.run", function="ProgressBar"),
        {"kept", ".kept.lock", "saved"},
    ),
    "falsify": (
        "falsify nc5 --family balanced --budget 100000 --save saved",
        BEGUN.format(module="verify.falsification.trial", function="certify"),
        {"saved"},
    ),
}


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=pytest.mark.slow) if name == "falsify" else name for name in LONG]
)
def test_sigterm_says_a_word_and_keeps_what_was_reached(command, tmp_path):
    arguments, begun, kept = LONG[command]
    script = f"{begun}\nimport ufm_command, sys\nsys.argv[1:] = {arguments.split()!r}\nufm_command.main()"
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 600
    while not (tmp_path / "begun").exists() and run.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=600)
    assert (run.returncode, err.strip()) == (143, "terminated")
    assert "interrupted" in out
    assert {path.name for path in tmp_path.iterdir()} == {"begun"} | kept


def in_the_collector():
    """Ctrl-C at a garbage collection, within a callback such as Hypothesis' own."""

    def callback(phase, info):
        signal.raise_signal(signal.SIGINT)
        gc.callbacks.remove(callback)

    gc.callbacks.append(callback)
    gc.collect()


def test_a_search_hears_ctrl_c_in_the_garbage_collector():
    def progress(finding):
        if finding.tried == 3:
            in_the_collector()

    finding = falsify("nc5", "balanced", 50, progress=progress)
    assert (finding.ended, finding.tried) == ("interrupted", 3)


def test_findings_hear_ctrl_c_in_the_garbage_collector(monkeypatch):
    started = []

    def begins(name):
        started.append(name)
        in_the_collector()

    monkeypatch.setattr("verify.findings.searches.search", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        run_findings(started=begins)
    assert len(started) == 1
