"""Problems with a closed form, drawn far beyond the ordinary, and points where dual points are hard to make."""

from types import SimpleNamespace

import mpmath as mp
import numpy as np

from ufm import MultiLabel, MultiSource, SingleSource

KINDS = ("zero", "denormal", "shrunk", "one task", "one entry", "constant", "rank one", "bias", "ordinary", "huge")


def problem_at_random(rng):
    """A label-balanced problem: λ's 1e-14 … 1e3, weights 1e±15, up to 10^9 samples of each label, smoothed or not."""
    source = rng.choice(["single", "multi", "multilabel"])
    lambdas = 10.0 ** rng.uniform(-14, 3, 3)
    if rng.random() < 0.5:
        lambdas[:] = lambdas[0]
    settings = dict(zip(("lambda_H", "lambda_W", "lambda_b"), lambdas.tolist(), strict=True))
    settings["reduction"] = str(rng.choice(["sum", "mean"]))
    settings["label_smoothing"] = float(rng.choice([0.0, 0.0, 1e-9, 0.1, 0.7]))
    n = int(10.0 ** rng.uniform(0, rng.choice([1, 4, 6, 9])))
    if source == "multilabel":
        classes = int(rng.integers(3, 6))
        return MultiLabel.balanced(classes, n_by_multiplicity={int(rng.integers(1, classes)): n}, **settings)
    classes = [int(k) for k in rng.choice([2, 3, 4, 10], size=int(rng.integers(1, 4 if source == "multi" else 3)))]
    orders = int(rng.choice([1, 12, 15]))
    exponents = rng.uniform(-1, 1, len(classes)) if rng.random() < 0.5 else rng.choice([-1, 1], len(classes))
    settings["task_weights"] = (10.0 ** (orders * exponents)).tolist()
    if source == "multi":
        return MultiSource([[n] * k for k in classes], **settings)
    return SingleSource.balanced(tuple(classes), n, **settings)


def point_at_random(problem, kind, rng):
    """W, b and H, one column per label, at which little or nothing is left of the softmax's shape."""
    dim = int(rng.choice([1, 2, max(1, sum(problem.classes) - len(problem.classes))]))
    sizes = {"denormal": 1e-310, "shrunk": 10.0 ** rng.uniform(-150, 0), "huge": 10.0 ** rng.uniform(1, 30)}
    size = sizes.get(kind, 1.0)
    parts = problem.labels if problem.source == "multi" else [problem.labels]
    W = [size * rng.standard_normal((k, dim)) for k in problem.classes]
    H = [size * rng.standard_normal((dim, len(y))) for y in parts]
    b = [np.zeros(k) for k in problem.classes]
    if kind == "zero":
        W, H = [0.0 * w for w in W], [0.0 * h for h in H]
    if kind == "one task":
        W[1:] = [0.0 * w for w in W[1:]]
    if kind == "one entry":
        W = [0.0 * w for w in W]
        W[0][0, 0] = 10.0 ** rng.uniform(-300, 2)
    if kind == "constant":
        W, H = [np.ones_like(w) for w in W], [np.ones_like(h) for h in H]
    if kind == "rank one":
        H = [np.outer(h[:, 0], np.ones(h.shape[1])) for h in H]
    if kind == "bias":
        W = [0.0 * w for w in W]
        b = [10.0 ** rng.uniform(-320, 2) * rng.standard_normal(k) for k in problem.classes]
    return SimpleNamespace(W=W, b=b, H=H if problem.source == "multi" else H[0])


def minimum(problem):
    """F at the symmetric point, per task, in the working precision: logits a (1_S − s/K), b = 0, s = |S|.

        F_t = A [ s log(s + (K − s) e^{−a}) + ε a s (1 − s/K) ] + τ (K − 1) B a

    A is the weight of all samples and B a singular value of the scaled logits at a = 1. The least a ≥ 0 has
    s (K − s) / (s e^a + K − s) = ε s (1 − s/K) + τ (K − 1) B / A.
    """
    lambda_W, lambda_H, smoothing = (mp.mpf(x) for x in (problem.lambda_W, problem.lambda_H, problem.label_smoothing))
    tau, total = 2 * mp.sqrt(lambda_W * lambda_H), mp.mpf(0)
    for t, (K, weight) in enumerate(zip(problem.classes, problem.task_weights.tolist(), strict=True)):
        c = mp.mpf(weight)
        counts = problem.counts[t] if problem.source == "multi" else problem.counts
        n, N = int(counts[0]), sum(int(x) for x in counts)
        s = int(problem.labels[0].sum()) if problem.source == "multilabel" else 1
        A = c * N / (N if problem.reduction == "mean" else 1)
        copies = mp.binomial(K - 2, s - 1) if problem.source == "multilabel" else mp.mpf(N) / n / K
        B = mp.sqrt(n * copies) * (c if problem.source == "multi" else mp.sqrt(c))
        pull = smoothing * s * (1 - mp.mpf(s) / K) + tau * (K - 1) * B / A
        a = max(mp.mpf(0), mp.log(max((s * (K - s) / pull - (K - s)) / s, mp.mpf(1))))
        total += A * (s * mp.log(s + (K - s) * mp.exp(-a)) + smoothing * a * s * (1 - mp.mpf(s) / K))
        total += tau * (K - 1) * B * a
    return total
