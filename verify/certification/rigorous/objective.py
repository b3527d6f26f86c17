"""F at a point in ball arithmetic: the point's doubles are exact numbers, so F of them is an upper bound on min F."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.certification.rigorous.ball_form import BallForm, Target
from verify.certification.rigorous.balls import matrix
from verify.losses.balls import Ball, flint
from verify.reading.point import Point

BLOCK = 512  # columns of H at a time: logits of a block are small in memory and large beside the overhead of a product


def objective(form: BallForm, point: Point) -> Ball:
    """F = Σ_l a_l/m_l Σ_columns Σ_t c^t ℓ_t + λ_H Σ_l w_l/m_l Σ_columns ‖h‖² + λ_W Σ c ‖W‖² + λ_b Σ c ‖b‖².

    m_l is the number of columns of label l; ℓ_t is absent where task t has no label, and ‖b‖² where b is free or zero.
    """
    arb = flint().arb
    losses = [arb(0) for _ in form.counts]
    squares = [arb(0) for _ in form.counts]
    targets = form.targets()
    for label, h, u in _columns(point):
        losses[label] += _loss(form, [column[label] for column in targets], u)
        squares[label] += _square(h)
    share = point.share.tolist()
    fit = sum((a * x / k for a, x, k in zip(form.loss_weights(), losses, share, strict=True)), arb(0))
    size = sum((w * x / k for w, x, k in zip(form.feature_weights(), squares, share, strict=True)), arb(0))
    W, b = point.W.tolist(), point.b.tolist()
    heads = biases = arb(0)
    for c, rows in zip(form.task_weights, form.blocks, strict=True):
        heads += c * sum((_square([arb(x) for x in W[k]]) for k in rows), arb(0))
        biases += c * _square([arb(b[k]) for k in rows])
    penalty = form.lambda_H * size + form.lambda_W * heads
    return fit + penalty + form.lambda_b * biases if form.lambda_b else fit + penalty


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


def _loss(form: BallForm, targets: Sequence[Target | None], u: list[Ball]) -> Ball:
    """Σ_t c^t ℓ_t(u_t; y_t)."""
    total = flint().arb(0)
    for c, loss, rows, target in zip(form.task_weights, form.losses, form.blocks, targets, strict=True):
        if target is not None:
            total += c * loss.value_in_balls([u[k] for k in rows], *target)
    return total


def _square(x: Sequence[Ball]) -> Ball:
    return sum((entry * entry for entry in x), flint().arb(0))
