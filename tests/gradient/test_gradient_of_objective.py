import numpy as np
import pytest
import torch
from gradient_problems import in_form_order, odd_form, written_out

from ufm.losses import LOSSES
from ufm.solvers.gradient import objective as objective_module
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.samples import expand
from ufm.solvers.gradient.start import random_start
from ufm.solvers.gradient.units import balanced_units, own_units

SHAPES = [
    ((3, 2, 5, 3), 7, 4),
    ((2,), 1, 1),
    ((4,), 5, 3),
    ((2, 2), 3, 6),
    ((5, 3), 4, 2),
    ((2,) * 12, 9, 5),
    (tuple(2 + t % 3 for t in range(40)), 6, 8),
]


def setting(classes, columns, dim, units=own_units, dtype=torch.float64, kind="cross-entropy", lambda_b=0.07):
    form, counts = odd_form(1, classes, columns, kind, lambda_b)
    samples = expand(form, counts, torch.device("cpu"), dtype)
    start = random_start(Objective(samples, balanced_units(samples), dim), seed=5)
    start.bias.copy_(torch.linspace(-1, 1, len(start.bias)))
    balanced_units(samples).to_own(start, samples)
    return form, counts, Objective(samples, units(samples), dim), start


@pytest.mark.parametrize("kind", ["cross-entropy", "binary-cross-entropy", "squared-error", "mixed"])
@pytest.mark.parametrize("chunk_bytes", [1, 200, 1 << 21])
@pytest.mark.parametrize(("classes", "columns", "dim"), [*SHAPES, ((1, 3, 1), 4, 2)])
def test_gradient_equals_autograd(classes, columns, dim, chunk_bytes, kind, monkeypatch):
    monkeypatch.setattr(objective_module, "CPU_CHUNK", chunk_bytes)
    form, counts, objective, point = setting(classes, columns, dim, kind=kind, lambda_b=0.07 if dim > 2 else 0.0)
    W, H, b = in_form_order(objective, point)
    value = written_out(form, counts, W, H, b)
    value.backward()
    gradient = point.like()
    measured = objective.evaluate(point, gradient)
    dW, dH, db = in_form_order(objective, gradient)
    assert measured.value == pytest.approx(value.item(), rel=1e-13)
    for mine, theirs in ((dW, W.grad), (dH, H.grad), (db, b.grad)):
        torch.testing.assert_close(mine.detach(), theirs, rtol=1e-11, atol=1e-12)


def test_there_is_no_gradient_in_a_bias_that_is_none():
    for units in (own_units, balanced_units):
        _, _, objective, point = setting((3, 2, 4), 5, 3, units, kind="mixed", lambda_b=None)
        gradient = point.like()
        measured = objective.evaluate(point, gradient)
        assert not point.bias.any()  # ``to_own`` has put it there
        assert not gradient.bias.any()
        point.bias.fill_(7.0)
        assert objective.evaluate(point) == measured
        assert objective.value(point) == pytest.approx(measured.value, rel=1e-14)


def test_gradient_equals_finite_differences():
    _, _, objective, point = setting((3, 2, 4), 5, 3)
    gradient = point.like()
    objective.evaluate(point, gradient)
    for seed in range(4):
        direction = torch.randn(len(point.vector), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        step = 1e-5
        ahead, behind = (Point(point.vector + sign * step * direction, *point.shape) for sign in (1, -1))
        slope = (objective.value(ahead) - objective.value(behind)) / (2 * step)
        assert slope == pytest.approx(float(gradient.vector @ direction), rel=1e-7)


@pytest.mark.parametrize(("classes", "columns", "dim"), SHAPES)
def test_balanced_units_are_the_same_problem(classes, columns, dim):
    """F at x in own units is F at x̂ in balanced ones, and ∂F/∂x̂ = u ∂F/∂x."""
    _, _, own, point = setting(classes, columns, dim)
    balanced = Objective(own.samples, balanced_units(own.samples), dim)
    inside = Point(point.vector.clone(), *point.shape)
    scale = balanced.units.scale
    column = own.samples.column
    inside.heads.div_(scale.W)
    inside.bias.div_(scale.b)
    inside.features.div_(scale.of_samples(column))
    gradient, gradient_inside = point.like(), point.like()
    a, b = own.evaluate(point, gradient), balanced.evaluate(inside, gradient_inside)
    assert a.value == pytest.approx(b.value, rel=1e-13)
    assert a.gradient_square == pytest.approx(b.gradient_square, rel=1e-10)
    torch.testing.assert_close(gradient.heads * scale.W, gradient_inside.heads, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        gradient.features * scale.of_samples(column), gradient_inside.features, rtol=1e-10, atol=1e-12
    )


def test_overlap_is_with_the_previous_gradient():
    _, _, objective, point = setting((3, 4), 5, 3)
    gradient = point.like()
    objective.evaluate(point, gradient)
    previous = gradient.vector.clone()
    point.vector.mul_(0.9)
    measured = objective.evaluate(point, gradient)
    assert measured.overlap == pytest.approx(float(previous @ gradient.vector), rel=1e-12)


def test_samples_of_a_column_share_its_weight():
    form, counts = odd_form()
    samples = expand(form, counts, torch.device("cpu"), torch.float64)
    np.testing.assert_array_equal(samples.column.numpy(), np.repeat(np.arange(form.columns), counts))
    total = (samples.mass.sum(dim=0) * torch.as_tensor(counts)).numpy()
    np.testing.assert_allclose(total, form.task_weights @ form.masses() * form.multiplicity, rtol=1e-14)


@pytest.mark.parametrize("confidence", [0.0, 5.0, 30.0, 300.0])
def test_tiny_losses_keep_their_digits_in_float32(confidence):
    """Loss and residual against float64 where the label is ahead by a margin (or far behind, with −)."""
    for sign in (1.0, -1.0):
        logits = torch.randn(2, 4, 50, generator=torch.Generator().manual_seed(0))
        logits[:, 0] += sign * confidence
        target = torch.zeros(2, 4, 50)
        target[:, 0] = 1.0
        mass, anchor = torch.ones(2, 1, 50), torch.zeros(2, 1, 50, dtype=torch.int64)
        loss = LOSSES["cross-entropy"]
        margins = loss.margins(logits, anchor)
        exact_margins = loss.margins(logits.double(), anchor)
        exact = loss.loss(exact_margins, target.double(), mass.double(), anchor)
        assert float(loss.loss(margins, target, mass, anchor)) == pytest.approx(float(exact), rel=5e-6)
        residual = loss.residual(logits, target, mass, anchor).double()
        others = torch.softmax(logits.double(), dim=1)[:, 1:]
        torch.testing.assert_close(residual[:, 1:], others, rtol=1e-4, atol=1e-37)
        torch.testing.assert_close(residual[:, 0], -others.sum(dim=1), rtol=1e-4, atol=1e-37)
