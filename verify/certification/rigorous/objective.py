"""F at a point in ball arithmetic: the point's doubles are exact numbers, so F of them is an upper bound on min F."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.certification.rigorous.ball_form import BallForm
from verify.certification.rigorous.balls import Ball, flint, matrix
from verify.reading.point import Point

BLOCK = 512  # columns of H at a time: logits of a block are small in memory and large beside the overhead of a product


def objective(form: BallForm, point: Point) -> Ball:
    """F = Σ_l a_l/m_l Σ_columns Σ_t c^t CE + λ_H Σ_l w_l/m_l Σ_columns ‖h‖² + λ_W Σ c ‖W‖² + λ_b Σ c ‖b‖².

    m_l is the number of columns of label l.
    """
    arb = flint().arb
    losses = [arb(0) for _ in form.counts]
    squares = [arb(0) for _ in form.counts]
    for label, h, u in _columns(point):
        losses[label] += _loss(form, label, u)
        squares[label] += _square(h)
    share = point.share.tolist()
    fit = sum((a * x / k for a, x, k in zip(form.loss_weights(), losses, share, strict=True)), arb(0))
    size = sum((w * x / k for w, x, k in zip(form.feature_weights(), squares, share, strict=True)), arb(0))
    W, b = point.W.tolist(), point.b.tolist()
    heads = biases = arb(0)
    for c, rows in zip(form.task_weights, form.blocks, strict=True):
        heads += c * sum((_square([arb(x) for x in W[k]]) for k in rows), arb(0))
        biases += c * _square([arb(b[k]) for k in rows])
    return fit + form.lambda_H * size + form.lambda_W * heads + form.lambda_b * biases


def _columns(point: Point) -> Iterator[tuple[int, list[Ball], list[Ball]]]:
    """Label, feature h and logits W h + b of each column."""
    arb = flint().arb
    W = matrix(point.W)
    b = [arb(x) for x in point.b.tolist()]
    for start in range(0, point.H.shape[1], BLOCK):
        H = matrix(point.H[:, start : start + BLOCK])
        columns = zip((W * H).transpose().tolist(), H.transpose().tolist(), strict=True)
        for label, (z, h) in zip(point.index[start : start + BLOCK].tolist(), columns, strict=True):
            yield label, h, [x + v for x, v in zip(z, b, strict=True)]


def _loss(form: BallForm, label: int, u: list[Ball]) -> Ball:
    """Σ_t c^t [ s lse(u_t) − ⟨y_t, u_t⟩ ]."""
    total = flint().arb(0)
    members = form.members[:, label].tolist()
    for c, rows in zip(form.task_weights, form.blocks, strict=True):
        chosen = [members[k] for k in rows]
        total += c * cross_entropy([u[k] for k in rows], chosen, *form.targets(len(rows), sum(chosen)))
    return total


def cross_entropy(u: Sequence[Ball], members: Sequence[int], outside: Ball, inside: Ball) -> Ball:
    """s lse(u) − ⟨y, u⟩ = s log(1 + Σ_{k ≠ j} e^{u_k − u_j}) + Σ_k y_k (u_j − u_k) for any j, best a largest u_j."""
    top = 0
    for k, x in enumerate(u):
        if x > u[top]:
            top = k
    tail = slack = flint().arb(0)
    for k, (x, member) in enumerate(zip(u, members, strict=True)):
        if k != top:
            under = u[top] - x
            tail += (-under).exp()
            slack += (inside if member else outside) * under
    return sum(members) * tail.log1p() + slack


def _square(x: Sequence[Ball]) -> Ball:
    return sum((entry * entry for entry in x), flint().arb(0))
