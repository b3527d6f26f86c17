import math
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gradient_problems import first_form, lambdas, odd_form

from ufm import SingleSource
from ufm.solvers.gradient import minimize, progress, requirements

PROBLEM = SingleSource.balanced((3, 2), 4, **lambdas(0.05))
BAD = [
    ({"optimizer": "sgd"}, ValueError, "optimizer must be one of 'momentum', 'adam', 'lbfgs', got 'sgd'"),
    ({"steps": 0}, ValueError, "steps must be an integer ≥ 1, got 0"),
    ({"steps": 2.5}, ValueError, "steps must be an integer ≥ 1, got 2.5"),
    ({"steps": "many"}, TypeError, "steps must be an integer"),
    ({"learning_rate": 0}, ValueError, "learning_rate must be finite and > 0, got 0"),
    ({"learning_rate": -1e-3}, ValueError, "learning_rate must be finite and > 0, got -0.001"),
    ({"learning_rate": math.nan}, ValueError, "learning_rate must be finite"),
    ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number"),
    ({"learning_rate": True}, TypeError, "learning_rate must be a number"),
    ({"momentum": 1.0}, ValueError, r"momentum must lie in \[0, 1\), got 1.0"),
    ({"momentum": -0.1}, ValueError, r"momentum must lie in \[0, 1\)"),
    ({"momentum": 10**400}, ValueError, r"momentum must lie in \[0, 1\), got 10+\.\.\.0+; 0\.9"),
    ({"momentum": [0.9, 0.99]}, TypeError, "momentum must be a number"),
    ({"optimizer": "lbfgs", "learning_rate": 0.1}, ValueError, "learning_rate=0.1 does not apply"),
    ({"optimizer": "lbfgs", "momentum": 0.9}, ValueError, "momentum=0.9 does not apply"),
    ({"tolerance": 0.0}, ValueError, "tolerance must be finite and > 0"),
    ({"tolerance": math.inf}, ValueError, "tolerance must be finite"),
    ({"dtype": torch.float16}, ValueError, "dtype must be torch.float32 or torch.float64, got torch.float16"),
    ({"dtype": "double"}, ValueError, "dtype must be torch.float32 or torch.float64, got 'double'"),
    ({"dtype": None}, ValueError, "dtype must be"),
    ({"device": "nowhere"}, ValueError, "device must name a PyTorch device"),
    ({"dim": 0}, ValueError, "dim must be an integer ≥ 1, got 0"),
    ({"seed": -1}, ValueError, "seed must be an integer ≥ 0"),
    ({"log_every": 0}, ValueError, "log_every must be an integer ≥ 1"),
    ({"progress": "yes"}, TypeError, "progress must be True, False or None, got 'yes'"),
    ({"checkpoint_every": 0}, ValueError, "checkpoint_every must be an integer ≥ 1"),
    ({"checkpoint": 3}, TypeError, "checkpoint must be a path"),
    ({"checkpoint": "/"}, ValueError, "is a folder; name a file"),
    ({"checkpoint": "absent/run.safetensors"}, ValueError, "there is no folder"),
    ({"metrics": "SNC1"}, TypeError, "metrics must be a function of a ufm.RunPoint"),
]


@pytest.mark.parametrize(("options", "error", "words"), BAD)
def test_bad_options_are_refused_by_name(options, error, words):
    form, counts = first_form(PROBLEM)
    with pytest.raises(error, match=words):
        minimize(form, counts, **{"dim": 3, **options})


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is present")
def test_an_absent_device_is_refused_by_name():
    form, counts = first_form(PROBLEM)
    with pytest.raises(ValueError, match="device='cuda' is not available here"):
        minimize(form, counts, dim=3, device="cuda")


@pytest.mark.parametrize("counts", [[1, 2], [0, 1, 1, 1, 1, 1], np.ones((2, 3)), [1.5] * 6])
def test_counts_must_fit_the_form(counts):
    form, _ = first_form(PROBLEM)
    with pytest.raises(ValueError, match="counts must"):
        minimize(form, counts, dim=3)


@pytest.mark.parametrize("optimizer", ["momentum", "lbfgs", "adam"])
def test_too_little_memory_is_refused_before_anything_is_allocated(optimizer, monkeypatch):
    """A thousand million samples: the refusal itself must not count them out."""
    form, counts = first_form(PROBLEM)
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 8 * 2**30)
    with pytest.raises(MemoryError) as refusal:
        minimize(form, np.full_like(counts, 10**9), dim=512, dtype="float32", optimizer=optimizer)
    for word in ("N = 6,000,000,000", "d = 512", "float32", "needs about", "8 GiB are available", "newton"):
        assert word in str(refusal.value)
    assert ("optimizer='momentum' needs less" in str(refusal.value)) == (optimizer == "lbfgs")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "lbfgs"},
        {"optimizer": "adam"},
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "weighting": "mgda"},
        {"metrics": lambda at: {}},
    ],
)
def test_memory_asked_for_is_memory_used(options, monkeypatch):
    """Tensors alive at once, counted by PyTorch's profiler, against the estimate."""
    form, counts = first_form(SingleSource.balanced((10, 10), 100, **lambdas(0.05)))
    used, estimate = tensors_used(form, counts, monkeypatch, dim=64, **options)
    assert 0.4 * estimate < used <= estimate


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error", ("cross-entropy", "squared-error")])
def test_memory_asked_for_is_memory_used_by_every_loss(loss, optimizer, monkeypatch):
    problem = SingleSource.balanced((10, 10), 100, loss=loss, **(lambdas(0.05) | {"lambda_b": None}))
    used, estimate = tensors_used(*first_form(problem), monkeypatch, dim=64, optimizer=optimizer)
    assert 0.4 * estimate < used <= estimate


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_asked_for_covers_labels_that_are_all_distinct(dtype, monkeypatch):
    """Twenty binary tasks: a target column for nearly every sample, in NumPy's arrays beside PyTorch's tensors."""
    labels = np.random.default_rng(0).integers(0, 2, (20_000, 20))
    form, counts = first_form(SingleSource.from_labels(labels, **lambdas(0.05)))
    assert form.columns > 0.9 * len(labels)
    tracemalloc.start()
    used, estimate = tensors_used(form, counts, monkeypatch, dim=5, dtype=dtype)
    arrays = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 * estimate < used + arrays <= estimate


def tensors_used(form, counts, monkeypatch, **options):
    """Most bytes of tensors alive at once in three steps, and the estimate of them."""
    asked = []
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: asked.append(1) or 2**60)
    estimate = []
    needed = requirements.needed_bytes
    monkeypatch.setattr(requirements, "needed_bytes", lambda *a: estimate.append(needed(*a)) or estimate[-1])
    used = [0, 0]
    with torch.profiler.profile(profile_memory=True) as profile:
        minimize(form, counts, **{"dtype": "float32", "steps": 3, **options})
    for event in sorted(
        (e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"), key=lambda e: e.start_ns()
    ):
        used[0] += event.nbytes()
        used[1] = max(used)
    assert asked
    return used[1], estimate[0]


class Terminal:
    def __init__(self):
        self.shown = []

    def __call__(self):
        return SimpleNamespace(
            add_task=lambda *a, **k: 0,
            start=lambda: None,
            stop=lambda: self.shown.append("stopped"),
            task_ids=[0],
            update=lambda task, completed, measured: self.shown.append((completed, measured)),
        )


@pytest.mark.parametrize(
    ("wanted", "tty", "seconds", "shown"),
    [
        (None, True, 0.0, True),
        (None, True, 1000.0, False),
        (None, False, 0.0, False),
        (True, False, 1000.0, True),
        (False, True, 0.0, False),
    ],
)
def test_progress_shows_where_a_long_run_is_watched(wanted, tty, seconds, shown, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress, "_bar", terminal)
    monkeypatch.setattr(progress, "LONG", seconds)
    monkeypatch.setattr(progress.sys, "stderr", SimpleNamespace(isatty=lambda: tty))
    form, counts = odd_form()
    result = minimize(form, counts, dim=3, progress=wanted)
    assert bool(terminal.shown) == shown
    if shown:
        assert terminal.shown[-1] == "stopped"
        assert "relative gradient" in terminal.shown[0][1]
    assert result.converged


def test_the_real_bar_draws(capsys):
    form, counts = odd_form()
    minimize(form, counts, dim=3, progress=True)
    assert "gradient (momentum)" in capsys.readouterr().err
