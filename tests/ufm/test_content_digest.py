"""Equal for equal content, different for content that differs in a bit, a kind or a place."""

import itertools

import numpy as np
import pytest
import torch

from ufm.support.content_digest import content_digest

H = torch.arange(6, dtype=torch.float64).reshape(2, 3)
DIFFERENT = [
    *(None, True, 1, 1.0, "1", "", 0.0, -0.0, float("nan"), float("inf")),
    *([], {}, [[]], [1, 2], [[1], 2], [1, [2]], ["1", "2"], ["12"], ["1", "", "2"], {"a": 1}, {"a": 1.0}, {1: "a"}),
    *(H, H.T, H.float(), H.reshape(3, 2), H.reshape(-1), H.to(torch.int64), H.bfloat16(), -H, H[:0], H[:, :0], H[0, 0]),
    *({"a": H, "b": H[0]}, {"a": [H, H[0]]}, {"a": {"b": H}}, torch.nextafter(H, H + 1)),
]


def test_no_two_contents_are_alike():
    digests = [content_digest(content) for content in DIFFERENT]
    for (i, one), (j, two) in itertools.combinations(enumerate(digests), 2):
        assert one != two, (DIFFERENT[i], DIFFERENT[j])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((1, 2), [1, 2]),
        (H.T, H.T.contiguous()),
        (H.requires_grad_(False), torch.nn.Parameter(H)),
        (np.float64(0.5), 0.5),
        ([np.int64(3), np.bool_(True)], [3, True]),
    ],
)
def test_how_content_is_kept_does_not_count(one, two):
    assert content_digest(one) == content_digest(two)


def test_other_objects_have_none():
    with pytest.raises(TypeError, match="a set has no digest"):
        content_digest({"a": {1}})
