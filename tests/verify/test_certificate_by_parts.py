"""Certified part by part, a form has the numbers that it has as a whole: F, its rounding, and each dual point."""

import itertools
import tracemalloc
from types import SimpleNamespace

import family
import numpy as np
import pytest
from in_parts import always, in_parts

import ufm
from ufm.support import memory
from verify import certify, certify_many
from verify.certification import dual
from verify.certification.by_parts import bounds
from verify.certification.by_parts.dual_value import dual_point, zero_point
from verify.certification.dual_value import dual_point as whole_dual_point
from verify.certification.objective import evaluate
from verify.reading.read import read

BIASES = ("penalized", "free", "none")


def drawn(seed, bias):
    rng = np.random.default_rng(seed)
    problem = family.problem_at_random(rng, bias=bias)
    # a free bias cannot be undone to all digits where residuals have lost theirs under a bias of ±100
    kind = ("zero", "tiny", "one task", "ordinary", "ordinary" if bias == "free" else "bias", "ordinary")[seed % 6]
    return problem, family.point_at_random(problem, kind, rng, None), rng


def compare(columns, form, point, width):
    parts = in_parts(columns, point, width)
    whole, found = evaluate(form, point), bounds.evaluate(parts)
    balanced, plain = dual._balanced(form, whole.residual), whole_dual_point(form, whole.residual)
    size = whole.objective + abs(plain.value)
    near = {"rel": 1e-12, "abs": 1e-300}
    assert found.objective == pytest.approx(whole.objective, **near)
    assert 0.99 * whole.rounding <= found.rounding <= 1.5 * whole.rounding  # of more blocks than one
    assert found.plain.value == pytest.approx(plain.value, rel=1e-12, abs=1e-12 * size)
    assert found.plain.sigma == pytest.approx(plain.sigma, **near)
    assert zero_point(parts) == pytest.approx(dual.label_bound(form), rel=1e-12, abs=1e-12 * size)
    apart = size * 1e-12 * max(1.0, plain.sigma / form.tau) ** 2  # singular values of τ come from squares beside σ²
    task = dual_point(parts, bounds.per_task_deviation(parts, found.plain))
    assert task.value == pytest.approx(dual.per_task_bound(form, balanced), abs=apart)
    polars = zip(bounds.polar_deviations(parts, found.plain), dual.polar_deviations(form, balanced), strict=True)
    for by_parts, deviation in polars:
        assert dual_point(parts, by_parts).value == pytest.approx(whole_dual_point(form, deviation).value, abs=apart)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("start", range(0, 36, 6))
def test_parts_have_the_numbers_of_the_whole(start, bias):
    for seed in range(start, start + 6):
        problem, given, rng = drawn(seed, bias)
        at = read(problem, given)
        for columns, form, point in zip(at.columns, at.forms, at.points, strict=True):
            compare(columns, form, point, int(rng.integers(1, 6)))


@pytest.mark.parametrize("order", ["sorted", "any order"])
def test_several_columns_of_a_label(order):
    """Residuals are averaged over them, in blocks that end within a label."""
    rng = np.random.default_rng(3)
    problem = ufm.SingleSource(rng.integers(1, 9, (3, 4)), lambda_H=0.02, lambda_W=0.01, lambda_b=0.03)
    labels = np.repeat(problem.labels, rng.integers(1, 8, 12), axis=0)
    labels = labels if order == "sorted" else rng.permutation(labels)
    W, H = [rng.standard_normal((k, 4)) for k in (3, 4)], rng.standard_normal((4, len(labels)))
    at = read(problem, W=W, H=H, labels=labels)
    for width in (1, 2, 5, 100):
        compare(at.columns[0], at.forms[0], at.points[0], width)


@pytest.mark.parametrize(("source", "bias"), list(itertools.product(family.SOURCES, BIASES)))
def test_solutions_are_certified_by_parts(source, bias, monkeypatch):
    """Near a solution too, where the gap is of order ε² only with singular values set to τ."""
    rng = np.random.default_rng(7 + 3 * family.SOURCES.index(source) + BIASES.index(bias))
    problem = family.problem_at_random(rng, source, ["binary-cross-entropy", "cross-entropy"], bias)
    solution = ufm.solve(problem)
    near = family.point_at_random(problem, "nearer", rng, solution)
    for left_out, value in (("product_bound", -np.inf), ("better_objective", None)):
        monkeypatch.setattr(f"verify.certification.certificate.{left_out}", lambda *a, value=value: value)
    whole = [certify(problem, point) for point in (solution, near)]
    always(monkeypatch, 4 * sum(problem.classes))
    found = [certify(problem, point) for point in (solution, near)]
    assert found[0].verdict == whole[0].verdict
    assert certify_many([problem] * 2, [solution, near]) == found
    for one, other in zip(whole, found, strict=True):
        assert other.objective == pytest.approx(one.objective, rel=1e-12)
        assert other.gap <= one.gap * (1 + 1e-3) + 1e-11 * one.objective
        assert other.better_objective is None


def test_a_deviation_that_changes_between_passes_is_refused():
    rng = np.random.default_rng(0)
    problem = ufm.SingleSource(rng.integers(1, 9, (3, 4)), lambda_H=0.02, lambda_W=0.01, lambda_b=0.03)
    at = read(problem, family.point_at_random(problem, "ordinary", rng, None))
    parts = in_parts(at.columns[0], at.points[0], 5)
    with pytest.raises(FloatingPointError, match=r"differ from one time to the next.*OMP_NUM_THREADS=1"):
        dual_point(parts, lambda part: parts.residual(part) * (1.0 + 1e-15 * rng.integers(1, 9)))


def many_columns():
    """R m is 160,000 numbers, 1.3 MB; labels and one number per column are a tenth of that."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.unique(rng.integers(0, 10, (6000, 4)), axis=0))[:4000]
    problem = ufm.SingleSource.from_labels(labels, (10,) * 4, lambda_H=0.01, lambda_W=0.01, lambda_b=0.01)
    W = [rng.standard_normal((10, 3)) for _ in range(4)]
    return problem, SimpleNamespace(W=W, H=rng.standard_normal((3, len(problem.counts))), b=None)


def test_no_array_of_all_residuals(monkeypatch):
    problem, point = many_columns()
    always(monkeypatch, 2**11)
    tracemalloc.start()
    try:
        certify(problem, point)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * 8 * sum(problem.classes) * len(problem.counts)


def test_memory_that_is_not_there_is_asked_for_first(monkeypatch):
    problem, point = many_columns()
    always(monkeypatch, 2**11)
    monkeypatch.setattr(memory, "available_memory", lambda device: 10_000)
    monkeypatch.setattr(memory, "NO_MATTER", 0)
    with pytest.raises(MemoryError, match=r"the certificate of 40 × [\d,]+ logits needs about .* GiB on cpu"):
        certify(problem, point)
