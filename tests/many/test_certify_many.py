"""Certificates of many points at once are the ones that each gets alone, and their bounds are proven."""

from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest
from family import KINDS, mapped, objective, point_at_random
from many_problems import EACH, groups, solved

import ufm
import verify
from verify.certification.batch import Stacked, bounded, key_of
from verify.certification.batch.norms import norm_bounds
from verify.certification.objective import evaluate
from verify.reading.read import read

GLOBAL = "global minimum"


def pairs(kind, every=1):
    problems, solutions = solved()
    rng = np.random.default_rng(KINDS.index(kind))
    some = range(0, len(problems), every)
    points = [point_at_random(problems[i], kind, rng, solutions[i]) for i in some]
    return [problems[i] for i in some], points


def test_solutions_are_certified_as_one_by_one():
    problems, solutions = solved()
    together = verify.certify_many(problems, solutions, tolerance=1e-8)
    assert {certificate.verdict for certificate in together} == {GLOBAL}
    for i in range(0, len(problems), 2):
        problem, certificate = problems[i], together[i]
        alone = verify.certify(problem, solutions[i], tolerance=1e-8)
        assert alone.verdict == GLOBAL
        assert certificate.objective == pytest.approx(alone.objective, rel=1e-14)
        # a free bias's deviations are only moved there, and tilted here
        assert certificate.lower_bound <= alone.lower_bound * (1 + 1e-12)
        assert certificate.lower_bound == pytest.approx(alone.lower_bound, rel=1e-9 if problem.lambda_b == 0 else 1e-12)
        assert certificate.spectral_ratio == pytest.approx(alone.spectral_ratio, rel=1e-9)
        assert (certificate.dim, certificate.sufficient_dim) == (alone.dim, alone.sufficient_dim)
        assert len(certificate.tasks) == len(alone.tasks)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "solution"])
def test_other_points_have_the_verdicts_that_they_have_alone(kind):
    problems, points = pairs(kind, every=17)
    problems, points = problems * EACH, points * EACH  # of each shape as many as a batch has
    together = verify.certify_many(problems, points)
    for problem, point, certificate in zip(problems[: len(problems) // EACH], points, together, strict=False):
        alone = verify.certify(problem, point)
        assert certificate.verdict == alone.verdict
        assert certificate.lower_bound <= certificate.objective
        if certificate.verdict != GLOBAL and not certificate.tasks:
            assert certificate == alone


def test_the_points_of_other_problems_are_not_certified():
    for group in groups():
        solutions = ufm.solve_many(group)
        points = [
            mapped(problem, s, np.asarray) for problem, s in zip(group, solutions[1:] + solutions[:1], strict=True)
        ]
        together = [c.verdict for c in verify.certify_many(group, points)]
        assert together == [verify.certify(*pair).verdict for pair in zip(group, points, strict=True)]
        large = [max(float(w.abs().max()) for w in s.W) > 1e-3 for s in solutions]  # not zero, which many share
        for i, verdict in enumerate(together):
            assert verdict != GLOBAL or not (large[i] or large[(i + 1) % EACH])


def bounds(kind, every):
    """Of the batches of one shape: problems, points, and their bounds."""
    problems, points = pairs(kind, every)
    by_key = {}
    for problem, point in zip(problems, points, strict=True):
        (part, *more) = read(problem, point).samples
        key = key_of(part.form, part.point)
        if key is not None and not more:
            by_key.setdefault(key, []).append((problem, point, part))
    for own in by_key.values():
        parts = [part for _, _, part in own]
        yield own, bounded(Stacked.of([part.form for part in parts], [part.point for part in parts]))


@pytest.mark.parametrize("kind", KINDS)
def test_rounding_is_bounded_and_no_bound_exceeds_the_minimum(kind):
    minima = {id(problem): solution for problem, solution in zip(*solved(), strict=True)}
    with mp.workdps(60):
        for own, found in bounds(kind, every=7):
            for (problem, point, _), value, slack, lower in zip(
                own, found.objective, found.rounding, found.lower, strict=True
            ):
                assert abs(objective(problem, point) - mp.mpf(float(value))) <= slack
                assert mp.mpf(float(lower)) <= objective(problem, minima[id(problem)])


def test_evaluations_are_those_of_one_point():
    for kind in ("ordinary", "near"):
        for own, found in bounds(kind, every=3):
            for (_, _, part), value, slack in zip(own, found.objective, found.rounding, strict=True):
                alone = evaluate(part.form, part.point)
                assert value == pytest.approx(alone.objective, rel=1e-13)
                assert alone.rounding <= slack * 1.01 <= 2.0 * alone.rounding


def test_no_norm_exceeds_its_bound():
    rng = np.random.default_rng(0)
    matrices = [rng.normal(size=(4, 7)) for _ in range(20)]
    matrices += [np.outer(rng.normal(size=4), rng.normal(size=7)) for _ in range(20)]
    matrices += [np.linalg.qr(rng.normal(size=(7, 4)))[0].T for _ in range(20)]  # all singular values equal
    matrices += [10.0 ** rng.uniform(-120, 0, (4, 7)) for _ in range(20)]
    matrices += [np.zeros((4, 7)), np.eye(4, 7)]
    X = np.stack([x / max(np.abs(x).max(), 1e-30) for x in matrices], axis=-1)
    for given in (X, X.transpose(1, 0, 2)):
        square = np.maximum(np.abs(given).sum(axis=0).max(axis=0) * np.abs(given).sum(axis=1).max(axis=0), 2.0**-900)
        norms, upper = norm_bounds(given, square * (1 + 1e-12))
        with mp.workdps(40):
            for p in range(given.shape[-1]):
                exact = mp.svd_r(mp.matrix(given[..., p].tolist()), compute_uv=False)[0]
                assert exact <= mp.mpf(float(upper[p]))
                assert float(upper[p]) <= float(exact) * (1 + 1e-12) + 1e-120
                assert norms[p] == pytest.approx(float(exact), rel=1e-12, abs=1e-120)


def test_norms_of_what_is_not_finite_are_not_bounded():
    X = np.ones((2, 3, 3))
    X[0, 0, 1] = np.nan
    assert np.isnan(norm_bounds(X, np.full(3, 6.0))[1]).tolist() == [False, True, False]


def test_points_with_several_features_per_label_are_certified_one_by_one():
    problem = ufm.SingleSource([[1, 2], [3, 1]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    solution = ufm.solve(problem)
    twice = SimpleNamespace(
        W=solution.W,
        H=np.repeat(solution.H.numpy(), 2, axis=1),
        b=solution.b,
        labels=np.repeat(problem.labels, 2, axis=0),
    )
    assert {c.verdict for c in verify.certify_many([problem] * EACH, [twice] * EACH)} == {GLOBAL}


def test_arrays_of_any_precision_and_kind_will_do():
    problem = ufm.SingleSource([[1, 2], [3, 1]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    solution = ufm.solve(problem)
    points = [
        solution,
        SimpleNamespace(W=[w.numpy() for w in solution.W], H=solution.H.numpy().tolist(), b=solution.b),
        SimpleNamespace(W=[w.float() for w in solution.W], H=solution.H, b=solution.b),
    ]
    found = verify.certify_many([problem] * 3 * EACH, points * EACH, tolerance=1e-6)
    assert [c.verdict for c in found] == [GLOBAL] * 3 * EACH


def test_no_points_have_no_certificates():
    assert verify.certify_many([], []) == []


def test_what_cannot_be_is_refused_with_its_position():
    problems = next(iter(groups()))[:3]
    solutions = [ufm.solve(problem) for problem in problems]
    with pytest.raises(ValueError, match="as many as problems, one each; got 2 for 3"):
        verify.certify_many(problems, solutions[:2])
    with pytest.raises(TypeError, match="problems must be a list"):
        verify.certify_many(problems[0], solutions)
    with pytest.raises(TypeError, match=r"problems\[1\], points\[1\]: .*must have W and H"):
        verify.certify_many(problems, [solutions[0], 3, solutions[2]])
    wrong = SimpleNamespace(W=solutions[2].W, H=solutions[2].H.numpy() * np.nan, b=None)
    with pytest.raises(ValueError, match=r"problems\[2\], points\[2\]: H.* is not finite"):
        verify.certify_many(problems, [*solutions[:2], wrong])
    with pytest.raises(TypeError, match=r"problems\[0\], points\[0\]: problem must be"):
        verify.certify_many([None], [solutions[0]])
    with pytest.raises(ValueError, match="tolerance must be finite and > 0"):
        verify.certify_many(problems, solutions, tolerance=0.0)
    with pytest.raises(TypeError, match="progress must be a function"):
        verify.certify_many(problems, solutions, progress=1)


def test_progress_counts_every_point_and_may_end_the_call():
    problems = next(iter(groups()))
    solutions = ufm.solve_many(problems)
    seen = []
    verify.certify_many(problems, solutions, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, EACH) for i in range(EACH)]

    def stop(done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        verify.certify_many(problems, solutions, progress=stop)
