"""The whole family, losses × biases × targets, drawn at random; points of it near and far; and F in 60 digits."""

from types import SimpleNamespace

import mpmath as mp
import numpy as np

import ufm

NAMES = ("cross-entropy", "binary-cross-entropy", "squared-error")
SOURCES = ("single", "missing", "multi", "multilabel", "soft", "regression")
KINDS = ("zero", "tiny", "huge", "one task", "ordinary", "bias", "near", "nearer", "solution")


def problem_at_random(rng, source=None, losses=None, bias=None):
    """A small problem, λ's 1e-4 … 3. ``bias``: "penalized", "free" or "none"."""
    source = source or str(rng.choice(SOURCES))
    bias = bias or str(rng.choice(["penalized", "free", "none"]))
    settings = dict(zip(("lambda_H", "lambda_W"), (10.0 ** rng.uniform(-4, 0.5, 2)).tolist(), strict=True))
    settings["lambda_b"] = {"penalized": float(10.0 ** rng.uniform(-4, 0.5)), "free": 0.0, "none": None}[bias]
    settings["reduction"] = str(rng.choice(["sum", "mean"]))
    tasks = 1 if source == "multilabel" else int(rng.integers(1, 4))
    if losses is None:
        losses = [str(name) for name in rng.choice(NAMES, tasks if rng.random() < 0.5 else 1)]
    losses = (losses * tasks)[:tasks]
    most = int(rng.choice([1, 4, 40, 2000]))
    if source == "regression":
        blocks = [rng.normal(rng.choice([0.0, 5.0, 1e3]), 1.0, (12, int(rng.integers(1, 4)))) for _ in range(tasks)]
        return ufm.Regression(blocks, counts=rng.integers(1, most + 1, 12), **weighted(rng, tasks), **settings)
    settings["label_smoothing"] = float(rng.choice([0.0, 0.0, 0.1, 0.5]))
    classes = [int(k) for k in rng.integers(2, 5, tasks)]
    if source == "multilabel":
        K = int(rng.integers(3, 6))
        rows = np.unique(rng.random((8, K)) < 0.4, axis=0)
        rows = rows[rows.any(axis=1)] if losses[0] == "cross-entropy" else rows
        rows = np.concatenate([rows, np.eye(K, dtype=bool)])  # every class occurs
        n = rng.integers(1, most + 1, len(rows))
        return ufm.MultiLabel.from_indicators(np.repeat(rows, n, axis=0), loss=losses[0], **settings)
    settings |= {"loss": losses, **weighted(rng, tasks)}
    if source == "soft":
        drawn = [rng.dirichlet(np.full(k, 0.3), 10) for k in classes]
        return ufm.SingleSource.from_probabilities(drawn, counts=rng.integers(1, most + 1, 10), **settings)
    if source == "multi":
        return ufm.MultiSource([rng.integers(1, most + 1, k) for k in classes], **settings)
    labels = np.stack([np.concatenate([np.arange(k), rng.integers(0, k, 16 - k)]) for k in classes], axis=1)
    labels = np.repeat(labels, rng.integers(1, most + 1, 16), axis=0)
    if source == "missing":
        absent = rng.random(labels.shape) < 0.3
        absent[np.arange(len(labels)), rng.integers(0, tasks, len(labels))] = False
        if not (labels * ~absent - absent >= 0).any(axis=0).all():
            absent[:] = False
        labels = np.where(absent, -1, labels)
    return ufm.SingleSource.from_labels(labels, classes, missing=-1, **settings)


def weighted(rng, tasks):
    return {"task_weights": (10.0 ** rng.uniform(-1, 1, tasks)).tolist()} if rng.random() < 0.5 else {}


def every_class_occurs(problem):
    """Else a free bias of cross-entropies runs off to −∞."""
    if problem.source == "multi":
        return True
    if problem.source == "multilabel":
        seen = problem.labels * problem.counts[:, None]
        return bool(((seen > 0).any(axis=0) & (problem.labels == 0).any(axis=0)).all())
    if problem.source == "single":
        return all(len(set(y[y >= 0].tolist())) == k for y, k in zip(problem.labels.T, problem.classes, strict=True))
    return True


def point_at_random(problem, kind, rng, solution):
    """One column per label; near points are the solution's, off by 1e-2 or 1e-7 of its size."""
    if kind == "solution":
        return solution
    if kind in ("near", "nearer"):
        size = 1e-2 if kind == "near" else 1e-7
        return mapped(
            problem, solution, lambda x: x + size * np.abs(x).max(initial=1e-9) * rng.standard_normal(x.shape)
        )
    dim = int(rng.integers(1, sum(problem.classes) + 2))
    size = {"zero": 0.0, "tiny": 1e-150, "huge": 1e3}.get(kind, 1.0)
    W = [size * rng.standard_normal((k, dim)) for k in problem.classes]
    if kind == "one task":
        W = [w * (t == 0) for t, w in enumerate(W)]
    b = [(100.0 if kind == "bias" else size) * rng.standard_normal(k) for k in problem.classes]
    columns = [len(n) for n in problem.counts] if problem.source == "multi" else [len(problem.counts)]
    H = [size * rng.standard_normal((dim, m)) for m in columns]
    return SimpleNamespace(W=W, b=None if problem.lambda_b is None else b, H=H if problem.source == "multi" else H[0])


def mapped(problem, solution, change):
    def arrays(x):
        return [change(np.asarray(part)) for part in x] if isinstance(x, (list, tuple)) else change(np.asarray(x))

    b = None if problem.lambda_b is None else arrays(solution.b)
    return SimpleNamespace(W=arrays(solution.W), b=b, H=arrays(solution.H))


def columns(problem):
    """For each part: its tasks, the c^t that λ_H's term has, counts, and per column the exact targets of each task."""
    epsilon = mp.mpf(problem.label_smoothing)

    def smoothed(y):
        return [(1 - epsilon) * x + epsilon * mp.fsum(y) / len(y) for x in y]

    def one_hot(k, label):
        return None if label < 0 else smoothed([mp.mpf(int(i == label)) for i in range(k)])

    tasks = range(len(problem.classes))
    if problem.source == "multi":
        for t in tasks:
            y = [[one_hot(problem.classes[t], int(k))] for k in problem.labels[t].ravel()]
            yield [t], float(problem.task_weights[t]), problem.counts[t].tolist(), y
        return
    if problem.source == "multilabel":
        y = [[smoothed([mp.mpf(int(x)) for x in row])] for row in problem.labels]
    elif problem.source == "single":
        y = [[one_hot(problem.classes[t], int(row[t])) for t in tasks] for row in problem.labels]
    else:
        ends = np.cumsum(problem.classes)[:-1]
        rows = [np.split(row, ends) for row in problem.targets]
        y = [[smoothed([mp.mpf(float(x)) for x in block]) for block in row] for row in rows]
    yield list(tasks), 1.0, problem.counts.tolist(), y


def loss(name, u, y):
    if name == "cross-entropy":
        top = max(u)
        lse = top + mp.log(mp.fsum(mp.exp(x - top) for x in u))
        return mp.fsum(y) * lse - mp.fdot(y, u)
    if name == "binary-cross-entropy":
        return mp.fsum(max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x))) - k * x for x, k in zip(u, y, strict=True))
    return mp.fsum((x - k) ** 2 for x, k in zip(u, y, strict=True)) / 2


def conjugate(name, g, y):
    if name == "squared-error":
        return mp.fsum(x * x / 2 + x * k for x, k in zip(g, y, strict=True))
    q = [x + k for x, k in zip(g, y, strict=True)]
    s = mp.fsum(y)
    assert min(q) >= 0
    if name == "cross-entropy":
        assert abs(mp.fsum(g)) <= mp.mpf(10) ** -50 * (1 + s)
        return mp.fsum(x * mp.log(x / s) for x in q if x > 0)
    assert max(q) <= 1
    return mp.fsum(part * mp.log(part) for x in q for part in (x, 1 - x) if part > 0)


def objective(problem, point):
    """F in the working precision of mpmath, literally; one column of H per label."""
    W = [[[mp.mpf(float(x)) for x in row] for row in np.asarray(w)] for w in point.W]
    given = point.b or [np.zeros(k) for k in problem.classes]
    b = [[mp.mpf(float(x)) for x in np.asarray(v)] for v in given]
    features = point.H if problem.source == "multi" else [point.H]
    c = [mp.mpf(float(x)) for x in problem.task_weights]
    total = mp.mpf(problem.lambda_W) * mp.fsum(
        k * mp.fsum(x * x for row in w for x in row) for k, w in zip(c, W, strict=True)
    )
    if problem.lambda_b:
        total += mp.mpf(problem.lambda_b) * mp.fsum(k * mp.fsum(x * x for x in v) for k, v in zip(c, b, strict=True))
    for (tasks, owner, counts, targets), H in zip(columns(problem), features, strict=True):
        over = sum(counts) if problem.reduction == "mean" else 1
        for n, ys, h in zip(counts, targets, np.asarray(H).T, strict=True):
            h = [mp.mpf(float(x)) for x in h]
            total += mp.mpf(problem.lambda_H) * n * mp.mpf(owner) * mp.fdot(h, h)
            for t, y in zip(tasks, ys, strict=True):
                if y is not None:
                    u = [mp.fdot(w, h) + x for w, x in zip(W[t], b[t], strict=True)]
                    total += c[t] * n * loss(problem.losses[t], u, y) / over
    return total
