"""Findings as files: whole or not there, refused when damaged, replayed from the problem alone."""

from __future__ import annotations

import json
import math
import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ufm
import verify
from ufm.support.content_digest import content_digest
from verify import strategies as families
from verify.falsification.problems import expression, from_record, key, record, size

LAMBDAS = {"lambda_H": 0.1, "lambda_W": 1 / 3}
SHARED = {**LAMBDAS, "lambda_b": 2.0}
PROBLEMS = [
    ufm.SingleSource([[2, 0], [1, 3]], **SHARED, task_weights=(1, 0.7), label_smoothing=0.1),
    ufm.SingleSource.balanced((2, 2, 2), 3, **SHARED, reduction="mean"),
    ufm.MultiSource([[2, 0, 4], [1, 3]], **SHARED, task_weights=(1, 0.7)),
    ufm.MultiLabel({(0,): 3, (0, 2): 1}, classes=3, **SHARED, label_smoothing=0.1),
    ufm.SingleSource([[2, 0], [1, 3]], **LAMBDAS, lambda_b=None, loss=("squared-error", "binary-cross-entropy")),
    ufm.SingleSource.from_labels([[0, -1], [0, 1], [0, 1], [1, 0]], missing=-1, **LAMBDAS, lambda_b=0),
    ufm.MultiSource([[2, 0, 4], [1, 3]], **LAMBDAS, lambda_b=0, loss=("squared-error", "cross-entropy")),
    ufm.MultiLabel({(): 2, (0,): 3, (0, 2): 1}, classes=3, **LAMBDAS, lambda_b=None, loss="squared-error"),
    ufm.SingleSource.from_probabilities(
        [[[0.1, 0.9], [0.3, 0.7]], [[1, 0, 0], [0, 0.5, 0.5]]], counts=[2, 3], **SHARED
    ),
    ufm.Regression([[[0.1], [-2.5]], [[1.0, 0.0], [1 / 3, 7.0]]], **LAMBDAS, lambda_b=None, task_weights=(1, 3)),
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_survives_as_record_and_as_expression(problem: Any) -> None:
    assert key(from_record(json.loads(json.dumps(record(problem))))) == key(problem)
    assert key(eval(expression(problem), {"ufm": ufm})) == key(problem)


def test_a_record_without_a_loss_is_of_cross_entropy() -> None:
    """As records were before there were other losses."""
    for problem in PROBLEMS[:4]:
        earlier = record(problem)
        del earlier["loss"]
        assert key(from_record(earlier)) == key(problem)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"loss": "hinge"}, "loss"),
        ({"loss": ["squared-error"]}, "loss"),
        ({"lambda_b": -1.0}, "lambda_b"),
        ({"labels": [[-1, -1], [1, 0]], "counts": [1, 1]}, "labels"),
        ({"targets": [[0.0, 1.0]]}, "targets"),
    ],
)
def test_a_record_of_no_model_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        from_record(record(PROBLEMS[4]) | change)


def test_records_of_targets_are_checked() -> None:
    good = record(PROBLEMS[-1])
    for change in ({"targets": [[1.0, 2.0]]}, {"targets": [[1, 2, "x"]]}, {"labels": [[1], [0]]}, {"counts": [1]}):
        with pytest.raises((ValueError, TypeError)):
            from_record(good | change)


def test_problems_differ_in_loss_bias_and_targets() -> None:
    made = [
        ufm.SingleSource([1, 2], **LAMBDAS, lambda_b=b, loss=loss)
        for b in (1.0, 0.0, None)
        for loss in ("cross-entropy", "squared-error")
    ]
    made += [ufm.Regression([[y], [2.0]], **LAMBDAS, lambda_b=0) for y in (1.0, 1.5)]
    assert len({key(problem) for problem in made}) == len(made)
    assert min(made[:6], key=size) is made[0]


def test_a_large_problem_is_not_written_out() -> None:
    assert expression(ufm.SingleSource.balanced((9, 9), 1, **SHARED)).startswith("SingleSource(")


def write(path: Path, content: dict[str, Any]) -> None:
    """With a checksum that is right."""
    content = {name: part for name, part in content.items() if name != "sha256"}
    path.write_text(json.dumps(content | {"sha256": content_digest(content)}))


@pytest.fixture(scope="module")
def finding() -> verify.Finding:
    return verify.falsify("nc4", families.task_balanced(classes=3, n=(1, 3)), 20)


def test_a_finding_survives_its_file(finding: verify.Finding, tmp_path: Path) -> None:
    finding.save(tmp_path / "f.json")
    loaded = verify.Finding.load(tmp_path / "f.json")
    assert str(loaded) == str(finding)
    assert loaded.claim is finding.claim
    assert loaded.certificate == finding.certificate
    assert loaded.options == finding.options
    assert loaded.solution is not None
    assert finding.solution is not None
    assert all(bool((a == b).all()) for a, b in zip(loaded.solution.W, finding.solution.W, strict=True))
    assert verify.certify(loaded.counterexample, loaded.solution).verdict == "global minimum"
    assert [path.name for path in tmp_path.iterdir()] == ["f.json"]


@pytest.mark.parametrize(
    ("claim", "family"),
    [
        ("self_duality", families.long_tailed(source="multi", tasks=2, classes=3, n=(9, 99), lambdas=1 / 16)),
        ("tag_wise_sum", families.multi_label(balanced=False)),
        ("nc3", families.balanced(tasks=2, bias="none", loss="squared-error")),
        ("nc2", families.balanced(bias="none", loss="binary-cross-entropy", lambdas=1 / 16)),
    ],
)
def test_findings_of_other_models_survive_and_replay(claim: str, family: Any, tmp_path: Path) -> None:
    finding = verify.falsify(claim, family, 60)
    assert finding.counterexample is not None
    finding.save(tmp_path / "f.json")
    assert str(verify.Finding.load(tmp_path / "f.json")) == str(finding)
    assert verify.replay(tmp_path / "f.json").recurs


def test_replay_solves_again_from_another_start(finding: verify.Finding, tmp_path: Path) -> None:
    finding.save(tmp_path / "f.json")
    again = verify.replay(tmp_path / "f.json")
    assert again.recurs
    assert again.violation == pytest.approx(finding.violation, rel=1e-6)
    assert again.solution.objective != pytest.approx(0)
    assert finding.solution is not None
    assert not np.array_equal(again.solution.W[0].numpy(), finding.solution.W[0].numpy())
    assert "recurs" in str(again)


def test_a_replayed_violation_that_is_not_there_does_not_recur(finding: verify.Finding, tmp_path: Path) -> None:
    """The file's own solution and violation are not believed."""
    path = tmp_path / "f.json"
    finding.save(path)
    content = json.loads(path.read_text())
    content["counterexample"]["counts"] = [2] * 9
    write(path, content)
    again = verify.replay(path)
    assert not again.recurs
    assert again.outcome == "holds"
    assert "does not recur" in str(again)


def mine(problem: Any, solution: Any) -> bool:
    return bool(problem.samples < 5)


def test_a_claim_of_ones_own_is_given_again_to_replay(tmp_path: Path) -> None:
    verify.falsify(mine, families.balanced(classes=2, tasks=1), 9).save(tmp_path / "f.json")
    loaded = verify.Finding.load(tmp_path / "f.json")
    assert loaded.claim.name == "mine"
    with pytest.raises(ValueError, match="claim="):
        verify.replay(tmp_path / "f.json")
    assert verify.replay(tmp_path / "f.json", claim=mine).recurs


def test_a_finding_without_counterexample_is_saved_and_not_replayed(tmp_path: Path) -> None:
    none = verify.falsify("nc3", families.balanced(tasks=2), 3)
    none.save(tmp_path / "f.json")
    loaded = verify.Finding.load(tmp_path / "f.json")
    assert str(loaded) == str(none)
    assert math.isnan(loaded.violation)
    with pytest.raises(ValueError, match="holds no counterexample"):
        verify.replay(tmp_path / "f.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "other"}', b"\xff\xfe", b"3", b"[" * 10**5])
def test_what_is_no_finding_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    for read in (verify.Finding.load, verify.replay):
        with pytest.raises(ValueError, match=r"broken\.json"):
            read(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c.pop("claim"),
        lambda c: c.pop("certificate"),
        lambda c: c.update(certificate=None),
        lambda c: c.update(tried="many"),
        lambda c: c.update(violation=None),
        lambda c: c.update(margin=-1),
        lambda c: c.update(margin={"float": "nan"}),
        lambda c: c["options"].update(colour="red"),
        lambda c: c["options"].update(seed="x"),
        lambda c: c["options"].update(method="magic"),
        lambda c: c["options"].update(tolerance=0),
        lambda c: c["options"].update(dim=2.5),
        lambda c: c["certificate"].update(relative_gap=None),
        lambda c: c["certificate"].update(verdict="fine"),
        lambda c: c["certificate"].update(dim=-1),
        lambda c: c["counterexample"].update(counts=[1]),
        lambda c: c["counterexample"].update(counts=[0.5] * 9),
        lambda c: c["counterexample"].update(labels=[[7, 7]] * 9),
        lambda c: c["counterexample"].update(lambda_H=-1),
        lambda c: c["counterexample"].update(source="none"),
        lambda c: c["solution"].pop("W"),
        lambda c: c["solution"].update(W="abc"),
        lambda c: c["solution"].update(objective="low"),
        lambda c: c["solution"].update(H=[[float(row) for row in range(9)]]),
        lambda c: c["solution"]["H"][0].__setitem__(0, 1e999),
        lambda c: c["solution"].update(labels=[[7, 7]] * 9),
        lambda c: c["solution"].update(counts=[-1] * 9),
        lambda c: c["solution"].update(counts=[0.5] * 9),
        lambda c: c["solution"].update(converged=None),
        lambda c: c.update(format="ufm-finding-1"),
    ],
)
def test_a_damaged_finding_is_refused_by_name(damage: Any, finding: verify.Finding, tmp_path: Path) -> None:
    path = tmp_path / "damaged.json"
    finding.save(path)
    content = json.loads(path.read_text())
    damage(content)
    write(path, content)
    with pytest.raises(ValueError, match=r"damaged\.json"):
        verify.Finding.load(path)


def test_a_flipped_bit_is_refused_or_without_effect(finding: verify.Finding, tmp_path: Path) -> None:
    """Without effect is one that only changes how JSON spells the same content."""
    path = tmp_path / "f.json"
    finding.save(path)
    whole = path.read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(100):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            loaded = verify.Finding.load(path)
        except ValueError:
            refused += 1
        else:
            loaded.save(path)
            assert path.read_bytes() == whole
    assert refused > 66


def test_a_few_bytes_that_name_many_classes_take_no_memory(finding: verify.Finding, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    finding.save(path)
    content = json.loads(path.read_text())
    content["first_counterexample"] |= {
        "source": "multi",
        "classes": [10**7] * 30,
        "labels": [[[0]]] * 30,
        "counts": [[1]] * 30,
        "task_weights": [1.0] * 30,
    }
    write(path, content)
    tracemalloc.start()
    loaded = verify.Finding.load(path)
    assert len(str(loaded)) < 10_000
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.json")
    with pytest.raises(ValueError, match=r"f\.json' is not a regular file but a pipe"):
        verify.replay(tmp_path / "f.json")


def test_paths_that_cannot_be_are_refused(finding: verify.Finding, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder"):
        finding.save(tmp_path)
    with pytest.raises(FileNotFoundError, match="absent"):
        finding.save(tmp_path / "absent" / "f.json")
    with pytest.raises(FileNotFoundError, match=r"f\.json"):
        verify.Finding.load(tmp_path / "f.json")


def test_a_failed_write_leaves_the_old_file(
    finding: verify.Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.json"
    path.write_text("old")

    def full(*arguments: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        finding.save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f.json"]


def test_findings_show_in_notebooks(finding: verify.Finding) -> None:
    html = finding._repr_html_()
    assert "<table>" in html
    assert "nc4" in html


@pytest.mark.parametrize("read", [verify.Finding.load, verify.replay])
def test_what_is_no_path_is_named(read):
    with pytest.raises(TypeError, match=r"path must name a file that Finding\.save wrote, got int"):
        read(3)
