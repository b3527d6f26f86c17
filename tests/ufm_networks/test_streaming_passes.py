"""Both passes of streamed metrics must show the same features of the same samples, each once, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ufm
import verify
from ufm_networks.metrics import stream_metrics
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.seen_samples import SeenSamples

N, D, CLASSES = 60, 9, (3, 4)
RANDOM = np.random.default_rng(0)
LABELS = np.stack([RANDOM.integers(0, k, N) for k in CLASSES], axis=1)
H = torch.tensor(RANDOM.normal(size=(N, D)))
W = [torch.tensor(RANDOM.normal(size=(k, D))) for k in CLASSES]
PROBLEM = ufm.SingleSource.from_labels(LABELS, classes=CLASSES, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
PARTS = np.array_split(np.arange(N), 4)
NONE = np.zeros(0, dtype=np.int64)
Batch = tuple[Any, Any]


def exact(features: torch.Tensor = H) -> dict[str, float]:
    return verify.metrics(PROBLEM, W=W, H=features.double().T, labels=LABELS)


def streamed(*passes: Iterable[Batch], b: Any = None, heads: Any = W) -> dict[str, float]:
    """With other batches in every pass."""
    left = list(passes)
    return stream_metrics(PROBLEM, LABELS, lambda: left.pop(0), heads, b, passes=len(passes)).metrics


def batches(features: torch.Tensor = H, parts: list[Any] = PARTS) -> list[Batch]:
    return [(features[part], part) for part in parts]


def exchanged(i: int, j: int) -> torch.Tensor:
    other = H.clone()
    other[[i, j]] = H[[j, i]]
    return other


def changed(rows: Any, by: float) -> torch.Tensor:
    other = H.clone()
    other[rows] += by * torch.linalg.vector_norm(H[rows], dim=-1, keepdim=True) / D**0.5
    return other


TWINS = [tuple(np.flatnonzero((LABELS[i] == LABELS).all(axis=1))[:2].tolist()) for i in range(3)]
UNLIKE = [
    ("exchanged", batches(exchanged(0, 1))),
    *[(f"exchanged within a label {i}", batches(exchanged(*i))) for i in TWINS],
    ("one sample moved", batches(changed([17], 1e-2))),
    ("all moved by a millionth", batches(changed(np.arange(N), 1e-6))),
    ("negated", batches(-H)),
    ("scaled", batches(1.01 * H)),
    (
        "augmented",
        batches(H + 0.1 * torch.randn(N, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))),
    ),
    ("not a number", batches(changed([3], np.nan))),
    ("zero", batches(0 * H)),
    ("in an order of their own", [(H[np.roll(np.arange(N), 1)], np.arange(N))]),
]
NOT_ONCE = [
    ("exhausted", [], "60 of 60 are missing .* sample 0 is missing"),
    ("short", batches(parts=PARTS[:2]), "30 of 60 .* sample 30 is missing"),
    ("last batch dropped", batches(parts=PARTS[:3]), "sample 45 is missing"),
    ("doubled", batches(parts=[*PARTS, *PARTS]), "sample 0 came 2 times"),
    ("padded", batches(parts=[*PARTS, np.array([0, 1])]), "2 of 60 .* sample 0 came 2 times"),
    ("drawn again", batches(parts=[*PARTS[:3], np.r_[45:59, 45]]), "2 of 60 .* sample 45 came 2 times"),
]


@pytest.mark.parametrize("pass_", ["first", "second", "only"])
@pytest.mark.parametrize(("name", "shown", "message"), NOT_ONCE, ids=[name for name, *_ in NOT_ONCE])
def test_a_pass_without_each_sample_once_is_refused(pass_: str, name: str, shown: list[Batch], message: str) -> None:
    given_ = {"first": (shown, batches()), "second": (batches(), shown), "only": (shown,)}[pass_]
    with pytest.raises(ValueError, match=f"the {'first' if pass_ == 'only' else pass_} pass .*{message}"):
        streamed(*given_)


@pytest.mark.parametrize(("name", "shown"), UNLIKE, ids=[name for name, _ in UNLIKE])
def test_other_features_in_the_second_pass_are_refused(name: str, shown: list[Batch]) -> None:
    with pytest.raises(ValueError, match=r"second pass .* has other features than the first for"):
        streamed(batches(), shown)


def test_an_iterator_and_an_endless_loader_are_refused() -> None:
    once = iter(batches())
    with pytest.raises(ValueError, match=r"second pass .* 60 of 60 are missing"):
        stream_metrics(PROBLEM, LABELS, lambda: once, W)

    def endless() -> Iterable[Batch]:
        while True:
            yield from batches()

    with pytest.raises(ValueError, match=r"first pass .* sample 0 came 2 times"):
        stream_metrics(PROBLEM, LABELS, endless, W)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, N), max_size=6))
def test_passes_may_come_in_another_order_and_other_batches(seed: int, cuts: list[int]) -> None:
    """Empty batches among them."""
    order = np.random.default_rng(seed).permutation(N)
    again = batches(parts=np.split(order, sorted(cuts)))
    np.testing.assert_allclose(list(streamed(batches(), again).values()), list(exact().values()), rtol=1e-9)


@pytest.mark.parametrize(
    ("dtype", "rounding"),
    [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.float16, 1e-3), (torch.bfloat16, 1e-2)],
)
@pytest.mark.parametrize("widened", [False, True])
def test_rounding_of_the_features_format_is_no_change(dtype: torch.dtype, rounding: float, widened: bool) -> None:
    """And 30 times its square root is one, whether features are handed over in the format or in float64."""
    base, noise = H.to(dtype), torch.randn(N, D, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def shown(size: float) -> list[Batch]:
        moved = (base.double() + size * noise).to(dtype)
        return batches(moved.double() if widened else moved)

    first = batches(base.double() if widened else base)
    result = streamed(first, shown(rounding))
    assert result["SNC4"] == pytest.approx(exact(base)["SNC4"], rel=10 * rounding)
    with pytest.raises(ValueError, match="rounding explains"):
        streamed(first, shown(min(30 * torch.finfo(dtype).eps ** 0.5, 2.0)))


def test_a_common_offset_hides_no_exchange() -> None:
    far = H + 1e5
    shown = exchanged(0, 1) + 1e5
    with pytest.raises(ValueError, match="other features"):
        streamed(batches(far), batches(shown))


def test_a_sketch_has_the_length_of_a_change_on_average() -> None:
    seen = SeenSamples("first", 1, 4000, torch.device("cpu"), sketched=True)
    unit = torch.eye(4000, dtype=torch.float64)
    assert float((unit @ seen.R).square().sum(dim=1).mean()) == pytest.approx(1.0, rel=0.05)


BAD: list[tuple[Callable[[], Batch], str]] = [
    (lambda: (H[:3], np.array([0, 1])), r"has features torch.float64 \(3, 9\) for 2 samples"),
    (lambda: (H[:2, :4], np.array([0, 1])), r"features .* \(2, 4\) .* heads' d = 9"),
    (lambda: (H[:2].long(), np.array([0, 1])), "features torch.int64"),
    (lambda: (H[:2], np.array([0.0, 1.0])), "numbers its samples by float64"),
    (lambda: (H[:2], np.array([0, -1])), "has sample -1; labels number them 0 to 59"),
    (lambda: (H[:2], np.array([0, 60])), "has sample 60; labels number them 0 to 59"),
]


@pytest.mark.parametrize(("batch", "message"), BAD)
def test_a_batch_that_is_none_is_refused(batch: Callable[[], Batch], message: str) -> None:
    for bad_pass in (0, 1):
        shown = [batches(), batches()]
        shown[bad_pass] = [batch()]
        with pytest.raises((ValueError, TypeError), match=message):
            streamed(*shown)


def test_parameters_and_features_with_a_graph() -> None:
    heads = [torch.nn.Parameter(w.clone()) for w in W]
    b = [torch.nn.Parameter(torch.zeros(k, dtype=torch.float64)) for k in CLASSES]
    grown = H.clone().requires_grad_() * 1.0
    result = streamed(batches(grown), batches(grown), heads=heads, b=b)
    np.testing.assert_allclose(list(result.values()), list(exact().values()), rtol=1e-9)
    assert all(head.grad is None for head in heads)


def test_heads_are_refused_before_any_pass() -> None:
    calls = []

    def counted() -> list[Batch]:
        calls.append(0)
        return batches()

    bad_heads: list[tuple[Any, Any, str]] = [
        (W[:1], None, "W must be a list of 2 arrays"),
        ([W[0], W[1][:, :4]], None, r"W\[1\] must have shape"),
        ([W[0], torch.full((4, D), torch.nan)], None, "is not finite"),
        (W, [None, torch.zeros(3)], r"b\[1\] must have shape \(4,\)"),
        (W, [None], "b must be a list of 2 arrays"),
    ]
    for heads, b, message in bad_heads:
        with pytest.raises((ValueError, TypeError), match=message):
            stream_metrics(PROBLEM, LABELS, counted, heads, b)
    assert not calls


def test_no_bias_is_a_bias_of_zero() -> None:
    b = [None, torch.tensor([0.0, 0.3, -0.2, 0.1])]
    filled = [torch.zeros(3), b[1]]
    for given_, meant in (([None, None], None), (b, filled)):
        wanted = verify.metrics(PROBLEM, W=W, H=H.T, b=meant, labels=LABELS)
        assert verify.metrics(PROBLEM, W=W, H=H.T, b=given_, labels=LABELS) == wanted
        np.testing.assert_allclose(list(streamed(batches(), batches(), b=given_).values()), list(wanted.values()))
        one, other = (verify.certify(PROBLEM, W=W, H=H.T, b=v, labels=LABELS) for v in (given_, meant))
        assert (one.objective, one.lower_bound) == (other.objective, other.lower_bound)


def test_labels_that_the_problem_counts_otherwise_are_refused() -> None:
    twice = ufm.SingleSource(2 * PROBLEM.count_tensor(), lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    with pytest.raises(ValueError, match=r"labels hold \d+ samples of \(0, 0\), the problem counts \d+; state"):
        stream_metrics(twice, LABELS, batches, W)


def test_moments_of_an_empty_batch() -> None:
    moments = FeatureMoments(5, D)
    moments.add(H[:0], NONE)
    assert not moments.count.any()
