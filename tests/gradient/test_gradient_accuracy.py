import numpy as np
import pytest
import torch
from gradient_problems import first_form, lambdas, optimum, problems

from ufm import MultiSource, SingleSource
from ufm.solvers.gradient import minimize
from ufm.support.threads import threads_for
from verify import metrics as verify_metrics
from verify import tracked

ACCURACY = 1e-6  # relative, of F
FAMILY = dict(problems())
ROUNDING_OF_OPTIMUM = 1e-9


@pytest.fixture(autouse=True)
def _one_thread():
    with threads_for(1):
        yield


@pytest.fixture(scope="module")
def optima():
    known = {}

    def look_up(name):
        if name not in known:
            with threads_for(1):
                known[name] = optimum(FAMILY[name])
        return known[name]

    return look_up


def assert_accurate(result, least):
    assert -ROUNDING_OF_OPTIMUM <= (result.objective - least) / least <= ACCURACY, result.status


WAYS = [(optimizer, dtype) for optimizer in ("momentum", "lbfgs") for dtype in (torch.float64, torch.float32)]


@pytest.mark.parametrize(
    ("name", "optimizer", "dtype"),
    [
        pytest.param(name, *way, marks=() if way == WAYS[i % 4] else pytest.mark.slow)  # by default in turn
        for i, name in enumerate(FAMILY)
        for way in WAYS
    ],
)
def test_line_searches_reach_the_optimum_at_their_defaults(name, optimizer, dtype, optima):
    form, counts = first_form(FAMILY[name])
    result = minimize(form, counts, dim=form.sufficient_dim + 2, seed=1, optimizer=optimizer, dtype=dtype)
    assert result.converged, result.status
    assert_accurate(result, optima(name))


BY_ADAM = ("correlated", "task weights", "one task collapsed", "a class without samples", "one sample")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in BY_ADAM else pytest.mark.slow) for name in FAMILY]
)
def test_adam_reaches_the_optimum_at_its_defaults(name, optima):
    form, counts = first_form(FAMILY[name])
    result = minimize(form, counts, dim=form.sufficient_dim, optimizer="adam")
    assert_accurate(result, optima(name))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("balanced", marks=pytest.mark.slow),
        "soft targets",
        pytest.param("long tail", marks=pytest.mark.slow),
    ],
)
def test_adam_in_float32(name, optima, device):
    form, counts = first_form(FAMILY[name])
    result = minimize(form, counts, dim=form.sufficient_dim, optimizer="adam", dtype="float32", device=device)
    assert_accurate(result, optima(name))


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_a_momentum_of_ones_own(momentum, optima, device):
    form, counts = first_form(FAMILY["correlated"])
    result = minimize(form, counts, dim=form.sufficient_dim, momentum=momentum, device=device)
    assert result.converged, result.status
    assert_accurate(result, optima("correlated"))


def test_a_fixed_learning_rate_converges(optima):
    form, counts = first_form(FAMILY["task weights"])
    result = minimize(form, counts, dim=form.sufficient_dim, learning_rate=0.02)
    assert result.converged, result.status
    assert_accurate(result, optima("task weights"))


@pytest.mark.parametrize("counts", [[1], [3, 1]])
def test_one_sample_and_one_task(counts):
    problem = SingleSource([*counts, 0], **lambdas(0.05)) if len(counts) == 1 else SingleSource(counts, **lambdas(0.05))
    form, counts = first_form(problem)
    for dim in (1, 3):
        result = minimize(form, counts, dim=dim)
        assert result.H.shape == (dim, problem.samples)
        assert_accurate(result, optimum(problem))


def test_one_form_of_a_multi_source_problem():
    problem = MultiSource([[30, 20, 10], [5, 5]], task_weights=[2.0, 0.5], **lambdas(0.05))
    form, counts = first_form(problem)
    result = minimize(form, counts, dim=2)
    assert_accurate(result, optimum(problem))


@pytest.mark.parametrize("dtype", [torch.float64, pytest.param(torch.float32, marks=pytest.mark.slow)])
def test_ten_thousand_samples(dtype):
    problem = SingleSource.balanced((10, 10), 100, **lambdas(5e-4))
    form, counts = first_form(problem)
    least = optimum(problem)
    result = minimize(form, counts, dim=form.sufficient_dim, dtype=dtype)
    assert result.converged, result.status
    assert_accurate(result, least)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["momentum", "lbfgs", "adam"])
@pytest.mark.parametrize("size", [0.05, 5e-4])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ten_thousand_samples_by_every_optimizer(size, optimizer, smoothing):
    problem = SingleSource.correlated(10, n_same=280, n_different=80, label_smoothing=smoothing, **lambdas(size))
    form, counts = first_form(problem)
    result = minimize(form, counts, dim=form.sufficient_dim, optimizer=optimizer)
    assert_accurate(result, optimum(problem))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_history_agrees_with_the_metrics_of_the_final_point(dtype):
    """``verify.tracked`` against ``verify.metrics``, at a point that has not collapsed."""
    for problem in (
        SingleSource(np.arange(1, 13).reshape(3, 4), task_weights=[1.5, 0.7], **lambdas(0.05)),
        SingleSource([5, 9, 2], label_smoothing=0.1, **lambdas(0.05)),
        MultiSource([[4, 6, 5]], task_weights=[2.0], **lambdas(0.05)),
    ):
        form, counts = first_form(problem)
        labels = problem.labels if problem.source == "single" else problem.labels[0]
        metrics = tracked(problem)
        result = minimize(form, counts, dim=6, steps=6, dtype=dtype, labels=labels, metrics=metrics)
        W = [part.double() for part in torch.split(result.W, list(form.classes))]
        b = [part.double() for part in torch.split(result.b, list(form.classes))]
        H, labels = result.H.double(), labels[result.sample_column]
        if problem.source == "multi":
            H, labels = [H], [labels]
        table = verify_metrics(problem, W=W, H=H, b=b, labels=labels)
        for name, values in result.history.items():
            assert len(values) == len(result.history["step"])
            if name in table:
                assert values[-1] == pytest.approx(
                    table[name], rel=1e-9 if dtype == torch.float64 else 1e-4, nan_ok=True
                )
        assert len(set(table) & set(result.history)) >= 4


def test_history_falls_to_the_end():
    form, counts = first_form(FAMILY["balanced"])
    result = minimize(form, counts, dim=20, log_every=3)
    history = result.history
    assert history["step"][:3] == [0, 3, 6]
    assert history["step"][-1] == result.steps
    assert all(later <= earlier for earlier, later in zip(history["loss"], history["loss"][1:], strict=False))
    assert history["loss"][-1] == pytest.approx(result.objective, rel=1e-12)
    assert history["gradient_norm"][-1] == result.relative_gradient
    assert set(history) == {"step", "loss", "gradient_norm"}  # nothing is measured that was not asked for


def test_metrics_of_ones_own_see_the_problem_s_units():
    form, counts = first_form(FAMILY["unequal λ"])
    seen = []

    def measure(at):
        seen.append((*(w.shape for w in at.W), at.H.shape, *(b.shape for b in at.b), at.labels.shape, at.task))
        return {"norm": at.H.norm()}

    result = minimize(form, counts, dim=9, metrics=measure)
    assert set(seen) == {(*((k, 9) for k in form.classes), (9, 250), *((k,) for k in form.classes), (250, 1), 0)}
    assert result.history["norm"][-1] == pytest.approx(float(result.H.norm()), rel=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"optimizer": "lbfgs"}, {"optimizer": "adam", "steps": 60}, {"learning_rate": 0.01}]
)
def test_the_same_seed_gives_the_same_bits(options):
    form, counts = first_form(FAMILY["two long tails"])
    first, second, other = (minimize(form, counts, dim=5, seed=seed, **{"steps": 40, **options}) for seed in (4, 4, 5))
    assert torch.equal(first.W, second.W)
    assert torch.equal(first.H, second.H)
    assert first.history == second.history
    assert not torch.equal(first.H, other.H)


def test_results_may_be_differentiated_through():
    form, counts = first_form(FAMILY["one sample"])
    result = minimize(form, counts, dim=2)
    (result.W.requires_grad_() @ result.H).sum().backward()
    assert result.W.grad is not None
