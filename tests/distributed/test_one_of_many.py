"""What one of many processes decides by itself: refusals, locks, exit status, its part of the start."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from process_jobs import PROBLEMS

import ufm
from ufm.solvers.gradient import draw, process_group
from ufm.solvers.gradient.checkpoint import own_checkpoint
from verify.cli import many_processes
from verify.cli.problem_options import ProblemOptions
from verify.cli.solve_command import Solve
from verify.cli.solver_options import SolverOptions


def test_needs_a_process_group():
    problem = PROBLEMS["two samples"]()
    with pytest.raises(ValueError, match="distributed=True needs an initialized process group: start the program by"):
        ufm.solve(problem, "gradient", distributed=True)
    with pytest.raises(TypeError, match="distributed= is not an option of method='newton'"):
        ufm.solve(problem, distributed=True)


@pytest.mark.parametrize(
    ("reason", "kind", "message"),
    [
        ("No backend type associated with device type cpu", ValueError, "'nccl' cannot add its tensors"),
        ("Timed out waiting 40000ms for recv", process_group.LostProcessError, "process 1 of 2 lost another one"),
    ],
)
def test_a_process_that_never_comes_is_no_fault_of_the_backend(reason, kind, message, monkeypatch):
    def all_reduce(tensor):
        raise RuntimeError(reason)

    answers = {"is_initialized": True, "get_rank": 1, "get_world_size": 2, "get_backend": "nccl"}
    for name, answer in answers.items():
        monkeypatch.setattr(process_group.dist, name, lambda answer=answer: answer)
    monkeypatch.setattr(process_group.dist, "all_reduce", all_reduce)
    with pytest.raises(kind, match=message):
        process_group.joined(True, torch.device("cpu"))


def test_devices_of_two_kinds(monkeypatch):
    """Refused before a sum, for which each kind would wait in its own backend."""

    def all_gather_object(told, value):
        told[:] = [{"device": "cuda"}, value]

    answers = {"is_initialized": True, "get_rank": 1, "get_world_size": 2, "get_backend": "cpu:gloo,cuda:nccl"}
    for name, answer in answers.items():
        monkeypatch.setattr(process_group.dist, name, lambda answer=answer: answer)
    monkeypatch.setattr(process_group.dist, "all_gather_object", all_gather_object)
    with pytest.raises(ValueError, match=r"not given the same run: device \('cuda' and 'cpu'\)"):
        process_group.joined(True, torch.device("cpu"))


@pytest.mark.parametrize(
    ("place", "message"),
    [("", "'' names no folder"), ("a" * 300, "cannot be written to"), ("a\0", "cannot be written")],
)
def test_what_is_no_folder(place, message):
    with pytest.raises(ValueError, match=f"checkpoint=.*{message}"):
        ufm.Gradient(distributed=True, checkpoint=place)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_a_checkpoint_is_locked_under_all_its_names(make, tmp_path):
    make(tmp_path / "kept")
    (tmp_path / "link").symlink_to("kept")
    with (
        own_checkpoint(tmp_path / "kept"),
        pytest.raises(ValueError, match="another run goes on from it now"),
        own_checkpoint(tmp_path / "link"),
    ):
        pass
    with own_checkpoint(tmp_path / "link"):
        assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".kept.lock") == ["kept", "link"]


@pytest.mark.parametrize("first", [True, False])
def test_only_the_first_process_has_the_status(first, monkeypatch, capsys):
    """torchrun ends all processes when one fails, and the first certifies and saves after the others are done."""
    monkeypatch.setattr(many_processes, "processes", lambda *_: nullcontext(first))
    problem = ProblemOptions(counts="3 1; 1 3", lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    solver = SolverOptions(method="gradient", options={"steps": 1})
    assert Solve(problem=problem, solver=solver).run() == (1 if first else 0)
    assert bool(capsys.readouterr().out) == first


def test_normals_by_number(monkeypatch):
    """Of one stream, or of a stream a slice, the same numbers whichever are asked for."""
    total = 3 * draw.SLICE + 17
    for most in (draw.ONE_STREAM, total - 1):
        monkeypatch.setattr(draw, "ONE_STREAM", most)
        whole, part, end = (torch.zeros(n, dtype=torch.float64) for n in (total, draw.SLICE + 5, 3))
        draw.draw_normals(4, total, torch.float64, [(0, whole)])
        draw.draw_normals(4, total, torch.float64, [(draw.SLICE - 2, part), (total - 3, end)])
        assert torch.equal(part, whole[draw.SLICE - 2 :][: len(part)])
        assert torch.equal(end, whole[-3:])
        assert abs(float(whole.mean())) < 5 / total**0.5
        assert len(torch.unique(whole)) == total
