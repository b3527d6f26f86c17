"""The program as a user runs it: exit status, files, messages."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from program import run

import ufm
from verify.main_job.problems import run_main_job, theorem_problems

pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own")

PROBLEM = ["--classes", "3", "3", "--samples", "10", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]


THEOREMS = {
    "Theorem 3.1",
    "Theorem B.2",
    "Theorem 3.2",
    "Theorem 5.1",
    "Theorem 3.1 for pairwise-uniform counts",
    "Theorem 3.1 with label smoothing",
    "Theorem 5.1 with K classes",
    "Theorem 5.1 with K classes and label smoothing",
    "Li et al. 2024, Theorem 1",
    "Squared error",
    "Squared error, label-balanced tasks",
    "Squared error, orthogonal heads",
    "Squared error, two correlated tasks",
    "Squared error, regression",
    "Binary cross-entropy, balanced tasks",
    "K binary tasks",
    None,
}


def test_main_job_passes() -> None:
    result = run_main_job()
    assert result.passed
    assert {case.report.to_dict()["theorem"] for case in result.cases} == THEOREMS


@pytest.mark.parametrize("step", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_main_job_leaves_a_report(
    step: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures take most of its time: by default those of the first and the fortieth problem."""
    some = list(theorem_problems())[::step]
    monkeypatch.setattr("verify.main_job.problems.theorem_problems", lambda: some)
    assert run(monkeypatch, "verify") == 0
    report = json.loads(Path("report/report.json").read_text())
    assert len(report["cases"]) == len(some) + 2
    assert {case["report"]["theorem"] for case in report["cases"]} <= THEOREMS
    assert Path("report/report.html").stat().st_size > 10_000
    assert "Real counts, digits in pairs" in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
def test_a_failed_check_is_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    few_steps = ["--method", "gradient", "--optimizer", "lbfgs", "--steps", "3"]
    assert run(monkeypatch, "verify", *PROBLEM, *few_steps) == 1
    assert run(monkeypatch, "verify", *PROBLEM) == 0


@pytest.mark.usefixtures("undrawn")
def test_a_wrong_theorem_is_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solution of twice the λ_H, held against the problem's own theorem."""
    original = ufm.solve

    def solve_another(problem: ufm.SingleSource, **options: object) -> ufm.Solution:
        another = ufm.SingleSource(
            problem.count_tensor(), lambda_H=2 * problem.lambda_H, lambda_W=problem.lambda_W, lambda_b=problem.lambda_b
        )
        return original(another, **options)

    monkeypatch.setattr(ufm, "solve", solve_another)
    assert run(monkeypatch, "verify", *PROBLEM) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", *PROBLEM, "--lambda-H", "-1"], "lambda_H"),
        (["verify", "--lambda-H", "1"], "--classes"),
        (["verify", "--seed", "1"], "need a problem"),
        (["verify", "--classes", "3", "3"], "--samples"),
        (["verify", "--classes", "3", "4", "--samples", "10", "20"], "--multi-source"),
        (["verify", "--classes", "3", "--n-same", "4"], "--n-different"),
        (["verify", "--classes", "3", "4", "--n-same", "4", "--n-different", "1"], "--classes K K"),
        (["verify", "--labels", "absent.csv"], "absent.csv"),
        (["verify", "--labels", "a.csv", "--samples", "3"], "--samples"),
        (["verify", *PROBLEM, "--report", "a.csv"], "a.csv"),
        (["solve", *PROBLEM, "--save", "absent/x.safetensors"], "absent"),
        (["solve", *PROBLEM, "--device", "nowhere"], "device"),
        (["solve", *PROBLEM, "--optimizer", "adam"], "optimizer"),
        (["solve", *PROBLEM, "--reduction", "median"], "reduction"),
        (["solve", *PROBLEM, "--dim", "0"], "dim"),
        (["solve", "--classes", "1", "3", "--samples", "3"], "classes"),
        (["solve", *PROBLEM, "--task-weights", "1"], "task_weights"),
        (["solve", "--nonsense"], "nonsense"),
        ([], "verify"),
    ],
)
def test_bad_input_is_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Path("a.csv").write_text("0,1\n1,0\n")
    assert run(monkeypatch, *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err + captured.out
    assert not Path("report").exists()


def test_label_files_agree(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.random.default_rng(0).integers(0, 3, (60, 2))
    np.save("labels.npy", labels)
    Path("labels.csv").write_text("left,right\n" + "\n".join(f"{a},{b}" for a, b in labels) + "\n")
    assert run(monkeypatch, "solve", "--labels", "labels.npy", "--save", "one.safetensors") == 0
    assert run(monkeypatch, "solve", "--labels", "labels.csv", "--save", "two.safetensors") == 0
    one, two = ufm.load("one.safetensors"), ufm.load("two.safetensors")
    assert one.objective == two.objective
    np.testing.assert_array_equal(one.problem.count_tensor(), two.problem.count_tensor())
    direct = np.zeros((3, 3), dtype=int)
    np.add.at(direct, tuple(labels.T), 1)
    np.testing.assert_array_equal(one.problem.count_tensor(), direct)


@pytest.mark.usefixtures("undrawn")
def test_multi_source_label_files(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("a.npy", np.repeat(np.arange(3), 5))
    Path("b.csv").write_text("\n".join(["cat", "dog"] * 7) + "\n")
    assert run(monkeypatch, "verify", "--labels", "a.npy", "b.csv", "--multi-source", "--lambda-H", "0.05") == 0
    assert json.loads(Path("report/report.json").read_text())["cases"][0]["report"]["theorem"] == "Theorem 3.2"


def test_reduction_weights_and_smoothing_reach_the_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--reduction", "mean", "--task-weights", "1", "2", "--label-smoothing", "0.1", "--dim", "7", "--seed", "3"]
    assert run(monkeypatch, "solve", *PROBLEM, *flags, "--save", "s.safetensors") == 0
    solution = ufm.load("s.safetensors")
    assert (solution.problem.reduction, solution.problem.label_smoothing, solution.dim) == ("mean", 0.1, 7)
    assert solution.problem.task_weights.tolist() == [1, 2]


@pytest.mark.parametrize("arguments", [["verify", "--report", "taken"], ["verify", "--report", "/dev/null/report"]])
def test_a_report_folder_that_cannot_be_is_refused_before_the_work(monkeypatch, capsys, arguments):
    Path("taken").write_text("")
    monkeypatch.setattr(ufm, "solve", lambda *_, **__: pytest.fail("began to solve"))
    assert run(monkeypatch, *arguments) == 2
    assert arguments[-1] in capsys.readouterr().err


def test_a_folder_is_no_file_to_save_to(monkeypatch, capsys):
    monkeypatch.setattr(ufm, "solve", lambda *_, **__: pytest.fail("began to solve"))
    assert run(monkeypatch, "solve", *PROBLEM, "--save", ".") == 2
    assert "is a folder" in capsys.readouterr().err


def test_bad_input_leaves_no_report_folder(monkeypatch):
    assert run(monkeypatch, "verify", "--classes", "3", "1", "--samples", "2") == 2
    assert run(monkeypatch, "verify", "--method", "gradient") == 2
    assert not Path("report").exists()


def test_solve_rigorously_prints_the_enclosure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "solve", *PROBLEM, "--rigorous") == 0
    printed = capsys.readouterr().out
    ends = printed.split("proven enclosure")[1].split("]")[0].strip(" [").split(", ")
    lower, upper = map(float, ends)
    assert lower <= 13.354977639773434 <= upper < lower + 1e-10
    assert run(monkeypatch, "solve", *PROBLEM) == 0
    assert "enclosure" not in capsys.readouterr().out


def test_what_is_too_large_for_balls_is_refused_before_it_is_solved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def solve(*_: object, **__: object) -> None:
        raise AssertionError("solved")

    monkeypatch.setattr("ufm.solve", solve)
    large = ["--classes", "3000", "3000", "--multi-source", "--samples", "1"]
    assert run(monkeypatch, "solve", *large, "--rigorous") == 2
    assert "rigorous=True is too large here" in capsys.readouterr().err
    assert run(monkeypatch, "solve", *PROBLEM, "--rigorous", "--dim", "9000000") == 2
    assert "d = 9,000,000" in capsys.readouterr().err
    assert run(monkeypatch, "solve", "--classes", "2000000", "--samples", "1", "--rigorous") == 2
    assert "R = 2,000,000 rows, m = 2,000,000 labels" in capsys.readouterr().err


def test_solve_rigorously_needs_python_flint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    assert run(monkeypatch, "solve", *PROBLEM, "--rigorous") == 2
    assert "pip install 'ufm-toolkit[rigorous]'" in capsys.readouterr().err
