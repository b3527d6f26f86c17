"""Task weightings against what defines them, in their papers and in closed form."""

from __future__ import annotations

import cvxpy
import forked
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchjd import aggregation, scalarization

from ufm.weighting import WEIGHTINGS, check_options, make_weighting
from ufm.weighting.fairgrad import FairGrad
from ufm.weighting.uncertainty import Uncertainty

SEEDS = st.integers(0, 2**32 - 1)
NO_LOSSES = torch.ones(0)


def jacobian(seed: int, tasks: int, spread: float = 1.0, dim: int = 12) -> torch.Tensor:
    """(T, dim) gradients whose sizes differ by about 10^spread."""
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.standard_normal((tasks, dim)) * 10.0 ** (spread * rng.uniform(-1, 1, (tasks, 1))))


def weights(name: str, J: torch.Tensor, **options: object) -> torch.Tensor:
    return make_weighting(name, len(J), **options).weights(NO_LOSSES, J @ J.T)


@given(SEEDS, st.floats(-1, 1), st.floats(-8, 8))
def test_mgda_of_two_tasks_is_the_closed_form(seed: int, overlap: float, size: float) -> None:
    a, b = jacobian(seed, 2, spread=0.5)
    b = b + 3 * overlap * a
    a, b = a * 10**size, b * 10**size
    share = float((b - a) @ b / ((a - b) @ (a - b)))
    expected = min(1.0, max(0.0, share))
    w = weights("mgda", torch.stack([a, b]))
    assert float(w[0]) == pytest.approx(expected, abs=1e-9)
    assert float(w.sum()) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_mgda_of_three_tasks_is_the_quadratic_program_s(seed: int) -> None:
    J = jacobian(seed, 3, spread=0.3)
    J[2] = 0.4 * J[0] + 0.8 * J[1] - 0.3 * J[2] if seed % 2 else J[2] - 0.5 * J[0]
    v = cvxpy.Variable(3)
    program = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(J.numpy().T @ v)), [v >= 0, cvxpy.sum(v) == 1])
    program.solve(solver="CLARABEL", tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
    np.testing.assert_allclose(weights("mgda", J), v.value, atol=1e-6)


@given(SEEDS, st.integers(2, 8), st.floats(0, 2), st.booleans())
def test_mgda_is_the_shortest_combination(seed: int, tasks: int, spread: float, dependent: bool) -> None:
    """Optimality on the simplex: every gradient has at least the square of the shortest one's length along it."""
    J = jacobian(seed, tasks, spread, dim=3 if dependent else 12)
    w = weights("mgda", J)
    shortest = w @ J
    assert float(w.min()) >= 0.0
    assert float(w.sum()) == pytest.approx(1.0)
    assert float((J @ shortest).min()) >= float(shortest @ shortest) - 1e-11 * float(J.square().sum())


def test_mgda_by_frank_wolfe_steps_is_looser() -> None:
    """The negative control of the last test: what an iteration with a loose tolerance leaves would not pass it."""
    excess = []
    for seed in range(20):
        J = jacobian(seed, 4, spread=0.3)
        loose = aggregation.MGDAWeighting()(J @ J.T) @ J
        shortest = weights("mgda", J) @ J
        excess.append(float(loose @ loose / (shortest @ shortest)) - 1.0)
    assert min(excess) > -1e-9
    assert max(excess) > 1e-3


def test_mgda_of_many_tasks_whose_gradients_differ_by_orders_of_magnitude() -> None:
    for seed in range(100):  # a few of which need more than the usual number of steps
        J = jacobian(seed, 20, spread=4.0)
        w = weights("mgda", J)
        shortest = w @ J
        assert float(w.min()) >= 0.0
        assert float((J @ shortest).min()) >= float(shortest @ shortest) - 1e-11 * float(J.square().sum())


def test_mgda_of_vanishing_gradients() -> None:
    assert weights("mgda", torch.zeros(3, 4, dtype=torch.float64)).tolist() == pytest.approx([1 / 3] * 3)
    J = jacobian(0, 3)
    J[1] = 0.0
    assert weights("mgda", J).tolist() == pytest.approx([0, 1, 0], abs=1e-12)


def test_pcgrad_of_two_tasks_by_hand() -> None:
    """g1 = (1, 0), g2 = (−1, 1): ⟨g1, g2⟩ = −1, so g1' = g1 + g2/2 = (1/2, 1/2) and g2' = g2 + g1 = (0, 1)."""
    J = torch.tensor([[1.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
    assert weights("pcgrad", J).tolist() == [2.0, 1.5]
    assert (weights("pcgrad", J) @ J).tolist() == [0.5, 1.5]
    assert weights("pcgrad", torch.eye(3, dtype=torch.float64) + 0.1).tolist() == [1.0, 1.0, 1.0]


@given(SEEDS)
def test_pcgrad_of_two_tasks_conflicts_with_neither(seed: int) -> None:
    J = jacobian(seed, 2)
    assert float((J @ (weights("pcgrad", J) @ J) / J.norm(dim=1)).min()) >= -1e-12 * float(J.norm())


@given(SEEDS, st.integers(2, 6))
def test_pcgrad_is_its_algorithm_on_vectors(seed: int, tasks: int) -> None:
    J = jacobian(seed, tasks, dim=4)
    rule = make_weighting("pcgrad", tasks, seed=seed)
    for step in range(2):
        order = np.random.default_rng((seed, step))
        total = torch.zeros(4, dtype=torch.float64)
        for i in range(tasks):
            g = J[i].clone()
            for j in order.permutation(tasks):
                if j != i and g @ J[j] < 0:
                    g -= (g @ J[j]) / (J[j] @ J[j]) * J[j]
            total += g
        size = float(J.norm()) * tasks
        torch.testing.assert_close(rule.weights(NO_LOSSES, J @ J.T) @ J, total, rtol=0, atol=1e-9 * size)
        rule.stepped(NO_LOSSES, NO_LOSSES)


@given(SEEDS, st.integers(2, 6), st.sampled_from([0.5, 1.0, 2.0, 10.0]), st.floats(0, 2), st.floats(-8, 8))
def test_fairgrad_solves_its_equation(seed: int, tasks: int, alpha: float, spread: float, size: float) -> None:
    J = jacobian(seed, tasks, spread) * 10**size
    w = weights("fairgrad", J, alpha=alpha)
    assert float(w.min()) > 0
    power = w ** (-1 / alpha)
    residual = (J @ J.T) @ w - power
    assert bool((residual.abs() <= 1e-9 * (power + (J @ J.T).abs() @ w)).all())


def test_fairgrad_is_proportionally_fair() -> None:
    """α = 1: of all steps of its length, it has the largest Σ log of what the tasks gain."""
    J = jacobian(1, 3)
    d = weights("fairgrad", J) @ J
    rng = torch.Generator().manual_seed(0)
    others = d / d.norm() + 0.1 * torch.randn(2000, len(d), generator=rng, dtype=torch.float64)
    gains = (others / others.norm(dim=1, keepdim=True)) @ J.T
    best = torch.log(J @ (d / d.norm())).sum()
    possible = gains[(gains > 0).all(dim=1)]
    assert len(possible) > 100
    assert bool((torch.log(possible).sum(dim=1) < best).all())


def test_fairgrad_leaves_out_tasks_that_have_no_gradient() -> None:
    J = jacobian(0, 3)
    J[1] = 0.0
    others = weights("fairgrad", J[[0, 2]])
    np.testing.assert_allclose(weights("fairgrad", J), [others[0], 0.0, others[1]], rtol=1e-9)
    with pytest.raises(RuntimeError, match="every task's gradient is zero"):
        weights("fairgrad", 0.0 * J)


def test_fairgrad_is_told_a_usual_alpha() -> None:
    with pytest.raises(ValueError, match="alpha must be at most 10, got 11"):
        FairGrad(2, alpha=11)
    with pytest.raises(ValueError, match=r"alpha must be at least 0\.01, got 0\.001"):
        FairGrad(2, alpha=1e-3)


def test_weightings_need_no_quadratic_programming_package() -> None:
    """Some of those are under the GPL."""
    code = (
        "import sys\n"
        "for name in ('quadprog', 'qpsolvers', 'ecos', 'cvxpy', 'torchjd'): sys.modules[name] = None\n"
        "import torch\n"
        "from ufm.weighting import WEIGHTINGS, make_weighting\n"
        "G = torch.tensor([[2.0, -1.0], [-1.0, 3.0]], dtype=torch.float64)\n"
        "for name in WEIGHTINGS:\n"
        "    options = {'task_weights': [1, 2]} if name == 'fixed' else {}\n"
        "    make_weighting(name, 2, **options).weights(torch.ones(2, dtype=torch.float64), G)\n"
        "import ufm\n"
    )
    forked.run(code)


def losses_of_epochs(seed: int, tasks: int, epochs: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.as_tensor(np.exp(rng.normal(0, 0.3, (epochs, tasks)).cumsum(axis=0)))


@pytest.mark.parametrize("temperature", [2.0, 0.5])
def test_dwa_is_a_softmax_of_loss_ratios(temperature: float) -> None:
    losses = losses_of_epochs(0, 3, 6)
    rule, other = make_weighting("dwa", 3, temperature=temperature), scalarization.DWA(temperature=temperature)
    for epoch, now in enumerate(losses):
        w = rule.weights(now)
        if epoch < 2:
            assert w.tolist() == pytest.approx([1.0] * 3)
        else:
            ratio = losses[epoch - 1] / losses[epoch - 2]
            expected = 3 * torch.exp(ratio / temperature) / torch.exp(ratio / temperature).sum()
            torch.testing.assert_close(w, expected)
        assert float(w @ now) == pytest.approx(float(other(now)))
        other.step()
        rule.epoch_ended(now)


@pytest.mark.parametrize("temperature", [2.0, 0.5])
def test_dwa_of_losses_that_are_zero_to_rounding(temperature: float) -> None:
    rule = make_weighting("dwa", 3, temperature=temperature)
    for losses, expected in (([0.0, 0.0, 2.0], [1, 1, 1]), ([0.0, 0.0, 2.0], [1, 1, 1]), ([0.0, 1e-3, 2.0], [0, 3, 0])):
        rule.epoch_ended(torch.tensor(losses, dtype=torch.float64))
        assert rule.weights(NO_LOSSES).tolist() == expected  # from 0 to 1e-3 is a rise without bound


def test_uncertainty_learns_the_form_for_classification() -> None:
    L = torch.tensor([0.2, 3.0, 1.0], dtype=torch.float64)
    rule = make_weighting("uncertainty", 3)
    assert rule.learned is not None
    for _ in range(3000):
        s = rule.learned.clone().requires_grad_()
        (torch.exp(-s) * L + s / 2).sum().backward()
        assert s.grad is not None
        torch.testing.assert_close(rule.learned_gradient(L), s.grad)
        rule.learned.sub_(rule.learned_gradient(L), alpha=0.05)
    torch.testing.assert_close(rule.weights(L) * L, torch.full_like(L, 0.5))  # stationarity
    regression = scalarization.UW(3).double()
    with torch.no_grad():
        regression.log_var.copy_(rule.learned)
    regression(L).backward()
    assert regression.log_var.grad is not None
    assert float(regression.log_var.grad.abs().min()) > 0.2  # the form for regression would rest elsewhere


@pytest.mark.parametrize("decay", [1e-3, 0.1])
def test_famo_follows_its_update_rule(decay: float) -> None:
    """Weights, and their updates over steps, against another implementation, on losses that fall unevenly."""
    rule, other = make_weighting("famo", 3, decay=decay), scalarization.FAMO(3, weight_decay=decay).double()
    for before, after in zip(losses_of_epochs(0, 3, 30), losses_of_epochs(1, 3, 30), strict=True):
        values = before.clone().requires_grad_()
        other(values).backward()
        torch.testing.assert_close(rule.weights(before), values.grad)
        other.update(after)
        rule.stepped(before, after)
    assert float(rule.weights(torch.ones(3, dtype=torch.float64)).sum()) == pytest.approx(1.0)


def test_famo_lets_a_task_that_fell_most_weigh_less() -> None:
    rule = make_weighting("famo", 2)
    one = torch.ones(2, dtype=torch.float64)
    rule.stepped(one, one * torch.tensor([0.5, 0.9]))
    assert rule.weights(one)[0] < 0.5 < rule.weights(one)[1]


@pytest.mark.parametrize("name", [name for name in WEIGHTINGS if name != "fixed"])
def test_one_task_weighs_one(name: str) -> None:
    rule = make_weighting(name, 1)
    loss = torch.tensor([7.0], dtype=torch.float64)
    assert rule.weights(loss, 4.0 * torch.ones(1, 1, dtype=torch.float64)).tolist() == [1.0]
    assert not rule.gradients
    assert rule.learned is None


def test_refusals() -> None:
    with pytest.raises(ValueError, match="weighting must be one of 'uniform'"):
        make_weighting("mdga", 2)
    with pytest.raises(ValueError, match="'tau' is not an option of weighting='dwa'; it takes temperature"):
        check_options("dwa", {"tau": 2})
    with pytest.raises(ValueError, match=r"'temprature' is not an option .*did you mean 'temperature'\? it takes"):
        check_options("dwa", {"temprature": 2})
    with pytest.raises(ValueError, match="'alpha' is not an option of weighting='mgda'; it takes none"):
        make_weighting("mgda", 2, alpha=1)
    for name, option in (("dwa", "temperature"), ("famo", "rate"), ("famo", "decay"), ("fairgrad", "alpha")):
        with pytest.raises(ValueError, match=f"{option} must be finite and > 0"):
            make_weighting(name, 2, **{option: 0})
    with pytest.raises(AttributeError, match="MGDA learns nothing"):
        make_weighting("mgda", 2).learned_gradient(NO_LOSSES)
    assert isinstance(make_weighting("uncertainty", 2), Uncertainty)
