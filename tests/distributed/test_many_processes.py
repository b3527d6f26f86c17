"""method="gradient" in several gloo processes: one process' numbers, whatever their number is."""

import os
import signal
import subprocess
import sys
import time

import pytest
from gloo_processes import ENVIRONMENT, results, run, start
from process_jobs import METHODS, PROBLEMS

import ufm

FEW = ("momentum", "lbfgs", "adam", "SGD", "mgda")
CLOSE = 1e-12  # relative, of F


def check_methods(found):
    for name, own in found[0].items():
        others = [process[name] for process in found]
        assert own["F"] < CLOSE, (name, own["F"])
        assert own["H"] < 1e-8, (name, own["H"])
        assert all(other["heads"] == own["heads"] for other in others)  # to the last bit
        assert sum(other["columns"] for other in others[1:]) < own["columns"]  # the first has all


def test_two_processes_are_one(tmp_path):
    check_methods(run("methods", 2, tmp_path, names=FEW, kinds=["mixed"]))


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 4])
def test_every_method(size, tmp_path):
    check_methods(run("methods", size, tmp_path, names=list(METHODS), kinds=["cross-entropy", "mixed"]))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_every_problem(size, precision, tmp_path):
    """Missing labels, several sources, fewer samples than processes; F to 1e-12, in float32 to its rounding."""
    options = {"dtype": precision, "tolerance": 1e-30 if precision == "float64" else 1e-3, "steps": 25}
    found = run("problems", size, tmp_path, names=list(PROBLEMS), **options)
    for name in PROBLEMS:
        for process, own in enumerate(of[name] for of in found):
            assert own["objective"] < (CLOSE if precision == "float64" else 1e-5), (name, own["objective"])
            assert own["sharded objective"] == 0
            assert own["same labels"]
            assert own["labels"] == [own["whole"], own["own"]]
            assert own["whole"] == own["own"] or process == 0
        shares = zip(*(of[name]["own"] for of in found), strict=True)
        assert found[0][name]["whole"] == [sum(share) for share in shares]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["lbfgs", "pcgrad"], id="vectors and a number without dimension"),
        # Adam's schedule depends on the number of steps
        pytest.param([name for name in METHODS if name != "adam"], id="all", marks=pytest.mark.slow),
    ],
)
def test_every_state_is_resumed(names, tmp_path):
    for found in run("resumed", 2, tmp_path, names=names):
        assert found == dict.fromkeys(names, True)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"optimizer": "lbfgs"}, {"learning_rate": 0.003, "weighting": "famo"}])
def test_a_checkpoint_of_two_is_resumed_by_three(options, tmp_path):
    whole = run("saved", 2, tmp_path, steps=60, **options)[0]
    first = run("saved", 2, tmp_path, steps=23, checkpoint="kept", checkpoint_every=5, **options)[0]
    assert [path.name for path in (tmp_path / "kept").glob("save-*")] == ["save-5"]  # 5, 10, 15, 20 and the end
    (tmp_path / "kept" / "save-4").mkdir()  # as a kill during its removal leaves it
    assert first["steps"][-1] == 23
    resumed = run("saved", 3, tmp_path, steps=60, checkpoint="kept", **options)[0]
    assert len(list((tmp_path / "kept").glob("save-*"))) == 1
    assert resumed["steps"][:4] == [*first["steps"]][:4] == [0, 10, 20, 23]
    assert resumed["objective"] == pytest.approx(whole["objective"], rel=CLOSE)


@pytest.mark.slow
def test_what_is_damaged_or_another_run_s_is_refused(tmp_path):
    options = {"steps": 8, "checkpoint": "kept"}
    run("told", 2, tmp_path, **options)
    (before,) = (tmp_path / "kept").glob("save-*")
    (file, *_) = sorted(before.glob("__0_*"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    started = start("told", 2, tmp_path, **options)
    assert [process.wait(timeout=300) for process in started] == [1, 1]  # ValueError
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    started = start("told", 2, tmp_path, optimizer="lbfgs", **options)
    assert [process.wait(timeout=300) for process in started] == [1, 1]
    assert run("told", 1, tmp_path, **options)[0]["steps"] == [0, 8]


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 4])
def test_a_killed_process_ends_the_others(size, tmp_path):
    """Within seconds, in words, and the last checkpoint is whole."""
    options = {"steps": 10**6, "checkpoint": "kept", "checkpoint_every": 7}
    started = start("told", size, tmp_path, **options)
    try:
        kept = tmp_path / "kept"
        for _ in range(1200):
            if any(path.name in ("save-3", "save-4", "save-5") for path in kept.glob("save-*")):
                break
            time.sleep(0.1)
        os.kill(started[-1].pid, signal.SIGKILL)
        for process in started[:-1]:
            assert process.wait(timeout=100) == 0
    finally:
        for process in started:
            process.kill()
            process.wait()
    for told in results(size - 1, tmp_path):
        assert told["error"].startswith("LostProcessError: process")
        assert "what was saved in 'kept' is whole" in told["error"]
    (resumed,) = run("saved", 1, tmp_path, steps=10, checkpoint="kept")  # more have been taken
    assert resumed["steps"][-1] >= 21
    assert resumed["steps"][-1] % 7 == 0


@pytest.mark.slow
def test_what_processes_must_have_in_common(tmp_path):
    for found in run("refused", 2, tmp_path, place=str(tmp_path)):
        assert "processes 0 and 1 were not given the same run: counts (" in found["problem"]
        assert "seed (0 and 1)" in found["seed"]
        assert "steps= ('10' and '11')" in found["steps"]
        assert "is a file, as one process writes it" in found["file"]
        assert "metrics= reads all of H" in found["metrics"]
        assert "distributed must be True, False or 'sharded', got 'yes'" in found["word"]


def torchrun(size, *arguments, cwd):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={size}"]
    return subprocess.run(
        [*command, "-m", "ufm", *arguments], env=ENVIRONMENT, cwd=cwd, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
def test_torchrun(tmp_path):
    """The first process alone speaks and writes."""
    flags = ["solve", "--counts", "30 10; 10 30", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]
    flags += ["--tolerance", "1e-6", "--save", "found.safetensors"]
    ended = torchrun(2, *flags, "--method", "gradient", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("global minimum") == ended.stdout.count("saved: ") == 1
    assert ufm.load(tmp_path / "found.safetensors").H.shape[1] == 80
    ended = torchrun(2, *flags, cwd=tmp_path)
    assert ended.returncode != 0
    assert "--method newton is for one process, and torchrun has started 2" in ended.stderr
