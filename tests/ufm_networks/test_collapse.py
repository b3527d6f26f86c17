"""Collapse, a torchmetrics.Metric: its values are those of verify.metrics on stacked features."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import forked
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torchmetrics import MetricCollection

import ufm_networks
import verify
from ufm_networks.not_finite import NotFiniteError
from ufm_networks.observing.model_of_labels import own_samples_each

D = 7


def made(classes: tuple[int, ...], dtype: torch.dtype = torch.float64, n: int = 120, spread: float = 1.0) -> Any:
    """Heads, features (n, d) about means of their labels, labels (n, T)."""
    own = torch.Generator().manual_seed(len(classes))
    y = torch.stack([torch.randint(0, k, (n,), generator=own) for k in classes], dim=1)
    H = spread * torch.randn(n, D, generator=own, dtype=torch.float64)
    for t, k in enumerate(classes):
        H += 3 * torch.randn(k, D, generator=own, dtype=torch.float64)[y[:, t]]
    torch.manual_seed(0)
    heads = {f"task {t}": nn.Linear(D, k, bias=t == 0).to(dtype) for t, k in enumerate(classes)}
    return heads, H.to(dtype), y


def run(collapse: Any, H: Tensor, y: Tensor, batch: int = 16) -> Any:
    for start in range(0, len(H), batch):
        collapse.update(H[start : start + batch], y[start : start + batch])
    return collapse


def stacked(heads: Mapping[str, nn.Linear], H: Tensor, y: Tensor) -> Mapping[str, float]:
    W, b = [head.weight for head in heads.values()], [head.bias for head in heads.values()]
    features: Any = H.T.double()
    if own_samples_each(y.numpy()):
        tasks = range(y.shape[1])
        features, y = [features[:, y[:, t] >= 0] for t in tasks], [y[:, t][y[:, t] >= 0] for t in tasks]  # type: ignore[assignment]
    return verify.metrics(W=W, b=b, H=features, labels=y, classes=[len(w) for w in W], classic=True)


def close(values: Mapping[str, Any], exact: Mapping[str, float], rtol: float) -> None:
    assert values
    assert values.keys() <= exact.keys()
    np.testing.assert_allclose([float(values[n]) for n in values], [exact[n] for n in values], rtol=rtol, atol=1e-14)


LABELS = {"one task": (5,), "two tasks": (3, 4), "three tasks": (2, 3, 2)}


def test_sums_stay_float64_in_a_collection_of_another_format() -> None:
    heads, H, y = made((3,))
    collapse = ufm_networks.Collapse(heads)
    MetricCollection([collapse]).set_dtype(torch.float16)
    collapse.half().update(H, y)
    assert collapse.sums.dtype == torch.float64


@pytest.mark.parametrize("classes", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-5), (torch.bfloat16, 1e-5)])
def test_values_are_those_of_stacked_features(classes: tuple[int, ...], dtype: torch.dtype, rtol: float) -> None:
    heads, H, y = made(classes, dtype)
    collapse = run(ufm_networks.Collapse(heads), H, y)
    values, exact = collapse.compute(), stacked(heads, H, y)
    close(values, exact, rtol)
    assert set(exact) - set(values) == set(collapse.reasons)  # nothing is NaN, and what is left out says why
    alone = {"SNC3", "SNC3_max"} if len(classes) == 1 else {"self_duality"}
    assert set(collapse.reasons) == {"SNC4", "SNC5", "centre_agreement", "effective_rank"} | alone


@pytest.mark.parametrize("missing", [-1, -100])
def test_missing_labels_and_samples_without_any(missing: int) -> None:
    heads, H, y = made((3, 4))
    y[::3, 0], y[1::5, 1] = missing, missing
    given = torch.where(y == missing, -1, y)
    some = (given >= 0).any(dim=1)
    assert not some.all()
    close(
        run(ufm_networks.Collapse(heads, missing=missing), H, y).compute(), stacked(heads, H[some], given[some]), 1e-9
    )


def test_tasks_with_samples_of_their_own_have_the_names_of_problem_4() -> None:
    heads, H, y = made((3, 4))
    y[::2, 0], y[1::2, 1] = -1, -1
    values = run(ufm_networks.Collapse(heads), H, y).compute()
    assert list(values)[:4] == ["MNC1", "MNC2_1", "MNC2_2", "MNC3"]
    assert "self_duality" in values
    close(values, stacked(heads, H, y), 1e-9)


def test_ignored_labels_of_one_task() -> None:
    heads, H, y = made((5,))
    y[::4] = -100
    values = run(ufm_networks.Collapse(heads, missing=-100), H, y[:, 0]).compute()
    close(values, stacked(heads, H[y[:, 0] >= 0], y[y[:, 0] >= 0]), 1e-9)


@pytest.mark.parametrize("spread", [1e-3, 1e-6])
def test_a_spread_far_below_the_means_keeps_its_digits(spread: float) -> None:
    """Sums of squares would have lost twelve digits of a variance of 1e-12; deviations from 0 at first, ten."""
    heads, H, y = made((5,), spread=spread, n=1200)
    close(run(ufm_networks.Collapse(heads), H, y, batch=600).compute(), stacked(heads, H, y), 1e-9)


def test_labels_in_any_shape() -> None:
    heads, H, y = made((3, 4))
    expected = run(ufm_networks.Collapse(heads), H, y).compute()
    shapes: list[Any] = [
        y.numpy(),
        y.to(torch.uint8),
        [y[:, 0], y[:, 1]],
        (y[:, :1], y[:, 1:]),
        {"task 1": y[:, 1], "task 0": y[:, 0]},
    ]
    for labels in shapes:
        collapse = ufm_networks.Collapse(heads)
        collapse.update(H, labels)
        close(collapse.compute(), {n: float(v) for n, v in expected.items()}, 1e-9)


def test_heads_of_every_kind_are_read_as_they_are_when_asked() -> None:
    heads, H, y = made((3, 4))
    model = nn.ModuleDict({"body": nn.Identity(), "a": heads["task 0"], "b": heads["task 1"]})
    weights = {"task 0": (heads["task 0"].weight, heads["task 0"].bias), "task 1": heads["task 1"].weight}
    kinds = [
        ufm_networks.Collapse(heads),
        ufm_networks.Collapse({"task 0": "a", "task 1": "b"}, model),
        ufm_networks.Collapse(weights),
        ufm_networks.Collapse(
            {t: tuple(p.detach() for p in head.parameters()) for t, head in heads.items() if head.bias is not None}
            | {"task 1": heads["task 1"].weight.detach().numpy()}
        ),
    ]
    for collapse in kinds:
        run(collapse, H, y).compute()
    with torch.no_grad():
        heads["task 0"].weight[0] += 1
    for collapse in kinds:
        close(collapse.compute(), stacked(heads, H, y), 1e-9)
        assert not list(collapse.parameters())


def test_reset_forward_clone_and_files() -> None:
    heads, H, y = made((5,))
    collapse = run(ufm_networks.Collapse(heads), H, y)
    exact = {name: float(value) for name, value in collapse.compute().items()}
    other = ufm_networks.Collapse(heads)
    for start in range(0, len(H), 40):
        batch = other(H[start : start + 40], y[start : start + 40])
        close(batch, stacked(heads, H[start : start + 40], y[start : start + 40]), 1e-9)
    close(other.compute(), exact, 1e-9)
    twin = collapse.clone()
    assert twin.heads.modules["task 0"] is heads["task 0"]
    close(twin.compute(), exact, 1e-15)
    close(pickle.loads(pickle.dumps(collapse)).compute(), exact, 1e-15)
    collapse.persistent(True)
    restored = ufm_networks.Collapse(heads)
    restored.persistent(True)
    restored.load_state_dict(collapse.state_dict())
    restored._update_count = 1
    close(restored.compute(), exact, 1e-15)
    collapse.reset()
    close(run(collapse, H[:60], y[:60]).compute(), stacked(heads, H[:60], y[:60]), 1e-9)


def test_a_copied_model_takes_its_metric_along() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(D, 5)
            self.collapse = ufm_networks.Collapse({"task": self.fc})

    net = Net()
    twin = copy.deepcopy(net)
    assert twin.collapse.heads.modules["task"] is twin.fc
    assert set(net.state_dict()) == {"fc.weight", "fc.bias"}


def test_in_a_collection() -> None:
    heads, H, y = made((3, 4))
    one = MetricCollection([ufm_networks.Collapse(heads)], prefix="train/")
    one.update(H, y)
    exact = stacked(heads, H, y)
    close({name.removeprefix("train/"): value for name, value in one.compute().items()}, exact, 1e-9)
    one = one.clone(prefix="val/")
    assert all(name.startswith("val/") for name in one.compute())
    others = {task: nn.Linear(D, len(head.weight)).double() for task, head in heads.items()}
    both = MetricCollection({"one": ufm_networks.Collapse(heads), "other": ufm_networks.Collapse(others)})
    for _ in range(2):  # sums alike are kept once, by the collection
        run(both, H, y)
        for name, layers in (("one", heads), ("other", others)):
            told = {key.removeprefix(f"{name}_"): v for key, v in both.compute().items() if key.startswith(f"{name}_")}
            close(told, stacked(layers, H, y), 1e-9)
        both.reset()


def test_without_covariance() -> None:
    heads, H, y = made((5,))
    collapse = run(ufm_networks.Collapse(heads, covariance=False), H, y)
    assert "pinv_NC1" not in collapse.compute()
    assert "covariance=False" in collapse.reasons["pinv_NC1"]


def test_inference_mode_in_between() -> None:
    heads, H, y = made((5,))
    collapse = ufm_networks.Collapse(heads)
    with torch.inference_mode():
        run(collapse, H, y).compute()
        collapse.reset()
    close(run(collapse, H, y).compute(), stacked(heads, H, y), 1e-9)


def test_no_gradient_is_kept() -> None:
    heads, H, y = made((5,))
    collapse = run(ufm_networks.Collapse(heads), H.requires_grad_(), y)
    assert not collapse.sums.requires_grad
    assert not any(value.requires_grad for value in collapse(H, y).values())


def test_empty_batches_change_nothing() -> None:
    heads, H, y = made((5,))
    collapse = run(ufm_networks.Collapse(heads), H, y)
    before = collapse.sums.clone()
    collapse.update(H[:0], y[:0])
    assert torch.equal(collapse.sums, before)


def test_nothing_to_compute() -> None:
    heads, H, y = made((3, 4))
    collapse = ufm_networks.Collapse(heads)
    with (
        pytest.warns(UserWarning, match="before the ``update``"),
        pytest.raises(ValueError, match="no labelled sample"),
    ):
        collapse.compute()
    collapse.update(H, torch.full_like(y, -1))
    with pytest.raises(ValueError, match="no labelled sample"):
        collapse.compute()
    y[:, 1] = -1
    collapse.update(H, y)
    with pytest.raises(ValueError, match="task 'task 1' has no label"):
        collapse.compute()


def test_what_is_wrong_with_a_batch_is_named_by_compute() -> None:
    heads, H, y = made((3, 4))
    wrong = H.clone()
    wrong[70, 2] = torch.nan
    collapse = run(ufm_networks.Collapse(heads), wrong, y)
    with pytest.raises(NotFiniteError, match=r"^batch 4 since the last reset has features that are not finite"):
        collapse.compute()
    for label in (3, -2, 99):
        y2 = y.clone()
        y2[100, 0] = label
        collapse.reset()
        run(collapse, H, y2)
        with pytest.raises(ValueError, match=r"^batch 6 since .* outside the heads' classes, .* K = 3, 4"):
            collapse.compute()
    collapse.reset()
    run(collapse, H, y).compute()


@pytest.mark.parametrize(
    ("features", "labels", "error", "match"),
    [
        (torch.zeros(4, D + 1), torch.zeros(4, 1).long(), ValueError, r"\(4, 8\).*must be \(4, 7\)"),
        (torch.zeros(3, D), torch.zeros(4, 1).long(), ValueError, r"beside 4 labels"),
        (torch.zeros(4, 2, D), torch.zeros(4, 1).long(), ValueError, r"\(4, 2, 7\)"),
        (torch.zeros(4, D).long(), torch.zeros(4, 1).long(), TypeError, "features must be a tensor of real numbers"),
        (torch.zeros(4, D), torch.zeros(4, 1), TypeError, "labels are torch.float32"),
        (torch.zeros(4, D), ["a", "b", "a", "b"], TypeError, "labels cannot become a tensor"),
        (torch.zeros(4, D), torch.zeros(4, 2).long(), ValueError, r"labels have shape \(4, 2\)"),
        (torch.zeros(4, D), {"digits": torch.zeros(4).long()}, ValueError, "did you mean 'digit'"),
        (torch.zeros(4, D), [torch.zeros(4).long()] * 2, ValueError, "a list of 2"),
    ],
)
def test_other_shapes_are_refused_at_once(features: Any, labels: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        ufm_networks.Collapse({"digit": nn.Linear(D, 3)}).update(features, labels)


@pytest.mark.parametrize(
    ("heads", "error", "match"),
    [
        ({}, ValueError, "heads is empty"),
        (nn.Linear(D, 3), TypeError, "heads must name the head of every task"),
        ({"digit": nn.Conv2d(1, 1, 1)}, TypeError, "digit"),
        ({"digit": "fc"}, ValueError, "say of which model"),
        ({"digit": 3}, TypeError, "nn.Linear, its dotted name"),
        ({"digit": torch.zeros(3)}, ValueError, r"a weight is \(K, d\)"),
        ({"digit": (torch.zeros(3, D), torch.zeros(4))}, ValueError, r"a bias \(K,\)"),
        ({"digit": torch.zeros(1, D)}, ValueError, "K ≥ 2"),
        ({"a": torch.zeros(3, D), "b": torch.zeros(3, D + 1)}, ValueError, "read the same features"),
        ({f"t{t}": torch.zeros(9, 512) for t in range(9)}, ValueError, "use fewer heads at a time"),
        ({"digit": torch.zeros(9, 20_000)}, ValueError, "covariance=False"),
    ],
)
def test_heads_that_are_none(heads: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        ufm_networks.Collapse(heads)


def test_a_head_that_has_diverged() -> None:
    heads, H, y = made((5,))
    collapse = run(ufm_networks.Collapse(heads), H, y)
    with torch.no_grad():
        heads["task 0"].weight[0, 0] = torch.inf
    with pytest.raises(ValueError, match="head 'task 0' has weights or a bias that are not finite"):
        collapse.compute()


def test_missing_must_be_no_class() -> None:
    with pytest.raises(ValueError, match="missing=2 is a class"):
        ufm_networks.Collapse(made((5,))[0], missing=2)


ABSENT = """
import sys
tried = []
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torchmetrics", "lightning"):
            tried.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import ufm_networks
from torch import nn
ufm_networks.CollapseLog(nn.Sequential(nn.Linear(3, 2)), [], {"a": "0"})
print(tried)
for name in ("Collapse", "CollapseCallback"):
    try:
        getattr(ufm_networks, name)
    except ImportError as error:
        print(error)
"""


def test_torchmetrics_and_lightning_are_optional_and_not_imported_unless_used() -> None:
    assert not {"Collapse", "CollapseCallback"} & set(ufm_networks.__all__)  # import * asks for neither
    assert forked.run(ABSENT).splitlines() == [
        "[]",
        "ufm_networks.Collapse needs torchmetrics: pip install 'ufm-toolkit[training]'",
        "ufm_networks.CollapseCallback needs lightning: pip install 'ufm-toolkit[training]'",
    ]


class Operations(TorchDispatchMode):
    """The operations on tensors, one by one."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        indices = args[1] if "index.Tensor" in str(func) else ()
        self.names += ["nonzero" for index in indices if index is not None and index.dtype == torch.bool]
        return func(*args, **(kwargs or {}))


# a GPU is waited for by each of these, a number or a size that Python wants, or numbers that come from there
WAITING = ("_local_scalar_dense", "nonzero", "unique", "masked_select", "bincount", "repeat_interleave", "lift_fresh")


@pytest.mark.parametrize("tasks", [1, 2])
def test_an_update_waits_for_no_device_and_loops_over_no_class(tasks: int) -> None:
    counts = []
    for k in (3, 50):
        heads, H, y = made((k,) * tasks)
        collapse = ufm_networks.Collapse(heads, missing=-100)
        collapse.update(H, y)
        with Operations() as seen:
            collapse.update(H, y)
        assert not [name for name in seen.names if any(word in name for word in WAITING)]
        counts.append(len(seen.names))
    assert counts[0] == counts[1]


def test_on_every_device(device: str) -> None:
    heads, H, y = made((3, 4), torch.float32)
    exact = stacked(heads, H, y)
    for head in heads.values():
        head.to(device)
    collapse = ufm_networks.Collapse(heads).to(device)
    values = run(collapse, H.to(device), y.to(device)).compute()
    assert all(value.device.type == device for value in values.values())
    close({name: value.cpu() for name, value in values.items()}, exact, 1e-5)
    collapse.to("meta")
    with pytest.raises(ValueError, match=rf"features are on {device}.* and the metric on meta; move it"):
        collapse.update(H.to(device), y)
