"""Derived symbolically, and coded in closed form apart from that: the same numbers on both sides of thresholds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import theory
import ufm
from theory.derivations import derive

TOLERANCE = 1e-12  # both sides evaluate the same few elementary functions in float64
RATIOS = (0.03, 0.4, 0.97, 1.03, 5.0)  # λ_Hλ_W over the smallest threshold


def close(derived: object, predicted: object, scale: float = 1.0) -> None:
    np.testing.assert_allclose(derived, predicted, rtol=TOLERANCE, atol=TOLERANCE * scale, equal_nan=True)


def lambdas(product: float, skew: float) -> dict[str, float]:
    return {"lambda_H": math.sqrt(product) * skew, "lambda_W": math.sqrt(product) / skew}


def hold_task_against(name, prediction, problem, t, rows, fixed):
    """Margin, objective's share, Gram entries, cosine and feature weight of task t; returns the share."""
    derived = derive(name)

    def value(result):
        expression = derived.results[result]
        return float(derived.numeric(result)(**{s.name: fixed[s.name] for s in expression.free_symbols}))

    gram, cosines = prediction.gram_W[rows, rows], prediction.cosines[rows, rows]
    logits = prediction.logits[t] if prediction.multi_source else prediction.logits[rows]
    weights = prediction.feature_weights[t][0] if prediction.multi_source else prediction.feature_weights[t]
    margin = value("margin")
    close(margin, np.ptp(logits, axis=0), 1.0)
    close(value("gram_diagonal"), np.diag(gram))
    close(value("gram_off_diagonal"), gram[0, 1:])
    close(value("feature_weight"), weights)
    if margin > 0:
        close(value("cosine"), cosines[0, 1:])
    else:
        assert np.isnan(cosines).all()
    assert (margin > 0) == (fixed["lambda_H"] * fixed["lambda_W"] < value("threshold"))
    return value("task_objective" if "task_objective" in derived.results else "objective")


def blocks(classes):
    ends = np.cumsum(classes)
    return [slice(end - size, end) for end, size in zip(ends, classes, strict=True)]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("name", "epsilon"), [("B.2", 0.0), ("label-smoothing", 0.0), ("label-smoothing", 0.3)])
def test_label_balanced(name, epsilon, ratio):
    classes, c, n = (2, 5, 3), (1.0, 0.3, 2.5), 4
    N = n * math.prod(classes)
    smallest = min(w * N / (4 * k) for w, k in zip(c, classes, strict=True)) * (1 - epsilon) ** 2
    scalars = lambdas(ratio * smallest, 1.7)
    problem = ufm.SingleSource.balanced(classes, n=n, task_weights=c, label_smoothing=epsilon, lambda_b=1.0, **scalars)
    prediction = theory.predict(problem)
    shares = [
        hold_task_against(name, prediction, problem, t, rows, scalars | {"K": k, "N": N, "c": w, "epsilon": epsilon})
        for t, (rows, k, w) in enumerate(zip(blocks(classes), classes, c, strict=True))
    ]
    close(math.fsum(shares), prediction.objective)
    between = prediction.cosines[0, 2]
    assert np.isnan(between) or between == float(derive(name).results["task_cosine"])


@pytest.mark.parametrize("ratio", RATIOS)
def test_theorem_3_1(ratio):
    K, T, n = 3, 2, 7
    scalars = lambdas(ratio * n * K**T / (4 * K), 0.4)
    problem = ufm.SingleSource.balanced((K,) * T, n=n, lambda_b=1.0, **scalars)
    prediction = theory.predict(problem)
    for t, rows in enumerate(blocks(problem.classes)):
        hold_task_against("3.1", prediction, problem, t, rows, scalars | {"K": K, "N": n * K**T})
    close(derive("3.1").numeric("objective")(K=K, N=n * K**T, T=T, **scalars), prediction.objective)


@pytest.mark.parametrize("ratio", RATIOS)
def test_theorem_3_2(ratio):
    classes, n, c = (3, 4), (6, 11), (1.5, 0.2)
    scalars = lambdas(ratio * 6 / 4, 1.2)
    problem = ufm.MultiSource(
        [[m] * k for k, m in zip(classes, n, strict=True)], task_weights=c, lambda_b=1.0, **scalars
    )
    prediction = theory.predict(problem)
    shares = [
        hold_task_against("3.2", prediction, problem, t, rows, scalars | {"K": k, "n": m, "c": w})
        for t, (rows, k, m, w) in enumerate(zip(blocks(classes), classes, n, c, strict=True))
    ]
    close(math.fsum(shares), prediction.objective)


@pytest.mark.parametrize("ratio", RATIOS)
def test_single_task(ratio):
    K, n = 6, 9
    scalars = lambdas(ratio * n / 4, 2.0)
    problem = ufm.SingleSource([n] * K, lambda_b=1.0, **scalars)
    prediction = theory.predict(problem)
    share = hold_task_against("single-task", prediction, problem, 0, slice(0, K), scalars | {"K": K, "n": n})
    close(share, prediction.objective)


@pytest.mark.parametrize("ratio", RATIOS)
def test_pairwise_uniform(ratio):
    problem_of = lambda **scalars: ufm.SingleSource.orthogonal_array(classes=3, tasks=4, n=5, lambda_b=1.0, **scalars)
    N = 45
    scalars = lambdas(ratio * N / 12, 1.0)
    prediction = theory.predict(problem_of(**scalars))
    shares = [
        hold_task_against("pairwise-uniform", prediction, None, t, rows, scalars | {"K": 3, "N": N, "c": 1.0})
        for t, rows in enumerate(blocks((3, 3, 3, 3)))
    ]
    close(math.fsum(shares), prediction.objective)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("n_s", "n_d"), [(30, 10), (3, 17), (8, 7)])
def test_theorem_5_1(n_s, n_d, ratio):
    scalars = lambdas(ratio * min(n_s, n_d) / 2, 3.0)
    problem = ufm.SingleSource([[n_s, n_d], [n_d, n_s]], lambda_b=1.0, **scalars)
    prediction = theory.predict(problem)
    derived = derive("5.1")
    known = scalars | {"n_s": n_s, "n_d": n_d}

    def value(result):
        return float(derived.numeric(result)(**{s.name: known[s.name] for s in derived.results[result].free_symbols}))

    agree = problem.labels[:, 0] == problem.labels[:, 1]
    for name, columns in (("same", agree), ("different", ~agree)):
        close(value(f"margin_{name}"), np.ptp(prediction.logits[:2, columns], axis=0))
        close(value(f"feature_weight_{name}"), prediction.feature_weights[0, columns])
    close(value("objective"), prediction.objective)
    close(value("gram_diagonal"), np.diag(prediction.gram_W))
    close(value("gram_between"), prediction.gram_W[0, 2])
    close(value("cosine"), theory.task_correlation_cosine(n_s, n_d, **scalars))
    close(value("cosine"), prediction.cosines[0, 2])


def test_arrays_and_numbers_are_answered_alike():
    margin = derive("single-task").numeric("margin")
    n = np.array([1.0, 10.0, 100.0])
    together = margin(K=4.0, n=n, lambda_H=0.5, lambda_W=1.0)
    close(together, [float(margin(K=4.0, n=x, lambda_H=0.5, lambda_W=1.0)) for x in n])
    assert together[0] == 0 < together[1]


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match=r"'6.1'.*'5.1'.*pairwise-uniform"):
        derive("6.1")
    with pytest.raises(ValueError, match=r"did you mean 'multi-label'"):
        derive("multilabel")
    with pytest.raises(KeyError, match="margin_same"):
        derive("5.1").numeric("margin")
    with pytest.raises(TypeError, match="K, N, lambda_H, lambda_W"):
        derive("3.1").numeric("margin")(K=3)


@pytest.mark.parametrize("ratio", RATIOS)
def test_squared_error(ratio):
    """Label-balanced tasks, one task without bias, what a penalized bias leaves, and two correlated tasks."""
    derived = derive("squared-error")

    def value(result, **known):
        wanted = {s.name for s in derived.results[result].free_symbols}
        return float(derived.numeric(result)(**{name: x for name, x in known.items() if name in wanted}))

    n, classes, weights, lambda_b = 6, (2, 3), (1.0, 0.4), 0.7
    N = n * math.prod(classes)
    scalars = lambdas(ratio * min(c * N / (4 * K) for c, K in zip(weights, classes, strict=True)), 1.7)
    settings = scalars | {"loss": "squared-error"}
    free = theory.predict(ufm.SingleSource.balanced(classes, n, task_weights=weights, lambda_b=0.0, **settings))
    total = 0.0
    for t, (rows, K, c) in enumerate(zip(blocks(classes), classes, weights, strict=True)):
        known = scalars | {"K": K, "N": N, "c": c, "s_i": math.sqrt(c * N / K)}
        close(value("margin", **known), free.thresholds[t].margin)
        close(value("threshold", **known), free.thresholds[t].value)
        close(value("gram_diagonal", **known), np.diagonal(free.gram_W)[rows], N)
        close(value("task_objective", **known), (K - 1) * value("minimum", **known))
        total += value("task_objective", **known)
    close(total, free.objective)

    mean = math.sqrt(N * sum(c / K for c, K in zip(weights, classes, strict=True)))
    known = scalars | {"N": N, "lambda_b": lambda_b, "mu": mean}
    fitted = value("mean_value", **known)
    penalized = theory.predict(
        ufm.SingleSource.balanced(classes, n, task_weights=weights, lambda_b=lambda_b, **settings)
    )
    expected = value("bias", rho=fitted, **known) / mean
    close(penalized.b[0], expected / classes[0])
    close(penalized.b[1], expected / classes[1])
    tau = 2 * math.sqrt(scalars["lambda_H"] * scalars["lambda_W"])
    rise = value("bias_share", **known) * (mean - fitted) ** 2 / 2 + tau * fitted
    close(penalized.objective, free.objective + rise)

    counts = [9, 4, 30]
    alone = theory.predict(ufm.SingleSource(counts, **settings | {"lambda_b": None}))
    close([value("orthogonal_norm", n_k=n_k, **scalars) for n_k in counts], np.diagonal(alone.gram_W), 10.0)

    if ratio < 1:
        pair = theory.class_correlation_cosine(4, 30, 40, *scalars.values(), loss="squared-error")
        close(value("class_cosine", K=4, n_s=30, n_d=40, **scalars), pair)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("lambda_b", "epsilon"), [(None, 0.0), (0.0, 0.2), (0.3, 0.2), (30.0, 0.0)])
def test_binary_cross_entropy(ratio, lambda_b, epsilon):
    """One task: x, read off the prediction's probabilities, gives margin, mean, bias, heads and threshold."""
    derived = derive("binary-cross-entropy")
    K, n, c = 5, 8, 0.6
    N = K * n
    scalars = lambdas(ratio * (1 - epsilon) ** 2 * c * n / 4, 1.7)
    problem = ufm.SingleSource.balanced(
        (K,), n, task_weights=(c,), lambda_b=lambda_b, label_smoothing=epsilon, loss="binary-cross-entropy", **scalars
    )
    prediction = theory.predict(problem)
    u = prediction.logits[:, 0] + prediction.b[0]
    p = 1 / (1 + np.exp(-u))
    mu = float(prediction.logits[:, 0].mean())
    known = scalars | {"K": K, "N": N, "c": c, "epsilon": epsilon, "x": p.sum() - 1, "lambda_b": lambda_b}
    known |= {"a": prediction.thresholds[0].margin, "|\\mu|": abs(mu)}

    def value(result):
        names = [s.name for s in derived.results[result].free_symbols]
        found = derived.numeric(result)(**{name: known[name.strip("{}") if "{" in name else name] for name in names})
        return float(found)

    close(value("threshold"), prediction.thresholds[0].value)
    close(value("p_other"), p[1])
    close(value("missed"), 1 - p[0])
    close(value("margin"), known["a"], 10.0)
    close(value("mean"), u.mean(), 100.0)
    close(value("gram_diagonal"), prediction.gram_W[0, 0])
    close(value("gram_off_diagonal"), prediction.gram_W[0, 1], 10.0)
    if known["a"] > 0 or mu < -1e-9:
        close(value("cosine"), prediction.cosines[0, 1], 10.0)
    if lambda_b:
        close(value("bias"), prediction.b[0], 100.0)
        assert (mu < -1e-9) == bool(np.isclose(abs(prediction.b[0][0]), value("bias_border"), rtol=1e-12))
    assert (mu < -1e-9) == bool(np.isclose(known["x"], value("largest_excess"), rtol=1e-9))


@pytest.mark.parametrize("ratio", RATIOS)
def test_uncorrelated_labels(ratio):
    c, sets = 1.0, list(itertools.product((0, 1), repeat=3))
    scalars = lambdas(ratio * 8 / 16, 1.7)
    problem = ufm.MultiLabel.from_indicators(sets, lambda_b=1.0, loss="binary-cross-entropy", **scalars)
    prediction, derived = theory.predict(problem), derive("binary-cross-entropy")
    known = scalars | {"N": 8, "c": c}
    close(derived.numeric("label_threshold")(N=8, c=c), prediction.thresholds[0].value)
    close(derived.numeric("label_margin")(**known), prediction.thresholds[0].margin)
    close(3 * derived.numeric("label_objective")(**known), prediction.objective)
    close(derived.numeric("label_gram")(**known), np.diagonal(prediction.gram_W))
