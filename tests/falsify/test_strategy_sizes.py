"""Families too large to draw or to solve are refused by name, before anything is drawn."""

import pytest

from verify import strategies


@pytest.mark.parametrize(
    ("family", "options", "words"),
    [
        ("balanced", {"tasks": 17_638}, r"tasks=17638: a search draws problems of at most 1,000 tasks"),
        ("balanced", {"tasks": 17_638, "source": "multi"}, "tasks=17638"),
        ("balanced", {"classes": (2,) * 17_638}, "classes of 17,638 tasks"),
        ("balanced", {"tasks": (1, 40)}, r"tasks=\(1, 40\): up to 1.21e\+24 label tuples; a search draws at most"),
        ("balanced", {"classes": 70_000, "tasks": 1}, "classes=70000"),
        ("balanced", {"classes": 70_000, "source": "multi"}, "classes=70000.*classes in all tasks"),
        ("long_tailed", {"tasks": 17}, "tasks=17"),
        ("arbitrary", {"classes": 9_999_999_999, "n": 1}, "classes=9999999999"),
        ("arbitrary", {"classes": (40, 40)}, r"1,600 label tuples; a search draws at most 1,000"),
        ("multi_label", {"classes": 17_638}, "classes=17638"),
        ("multi_label", {"classes": 12, "balanced": False}, "4,096 label sets"),
        ("task_balanced", {"classes": 300}, "90,000 label pairs"),
        ("correlated", {"classes": 300}, "90,000 label pairs"),
        ("pairwise_uniform", {"classes": range(2, 17_638)}, "classes=range"),
        ("pairwise_uniform", {"classes": range(2, 200), "tasks": (3, 17_638)}, "label tuples"),
    ],
)
def test_refused_by_name(family, options, words):
    with pytest.raises(ValueError, match=words):
        getattr(strategies, family)(**options)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("balanced", {"classes": 2, "tasks": 16}),
        ("balanced", {"classes": 3, "tasks": 1000, "source": "multi"}),
        ("arbitrary", {"classes": (10, 10, 10)}),
        ("multi_label", {"classes": 16}),
        ("correlated", {"classes": 256}),
        ("pairwise_uniform", {"classes": 7, "tasks": 5}),
    ],
)
def test_the_largest_are_accepted(family, options):
    getattr(strategies, family)(**options)
