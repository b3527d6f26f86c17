"""The distance of a network from the model's optimum, and its causes, as tables and a paragraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ufm_networks.report.gap import Gap
from verify.report import numbers
from verify.report.blocks import Block, Paragraph, pairs, table


def gap_blocks(gaps: Sequence[Gap], names: Sequence[str], *, nonnegative: bool) -> list[Block]:
    """A table of points and one of figures for each gap, under its name where there are several; how to read them.

    nonnegative  whether features are ≥ 0, as after a ReLU
    """
    blocks: list[Block] = []
    for gap, name in zip(gaps, names, strict=True):
        if len(gaps) > 1:
            blocks.append(Paragraph(f"{name}:"))
        header = ("point", "objective F", "(F − D) / F", "(F − min F) / F")
        rows = [
            (s.name, numbers.objective(s.objective), f"{s.relative_gap:.3g}", f"{s.excess:.3g}") for s in gap.stages
        ]
        best = gap.optimum
        proven = numbers.small(best.relative_gap)
        rows.append(("optimum of the model", numbers.objective(best.objective), proven, proven))
        blocks += [table(header, rows, header[1:], {"point": "words"}), pairs(_certificate(gap))]
    blocks.append(Paragraph(_reading(gaps, nonnegative)))
    return blocks


def _certificate(gap: Gap) -> list[tuple[str, str]]:
    covered = f"{gap.theorem}: min F = {gap.closed_form:.12g}" if gap.theorem else "none covers these counts"
    return [
        ("lower bound D from the network's softmax", numbers.objective(gap.lower_bound)),
        ("spectral ratio σ/τ of the network", f"{gap.spectral_ratio:.6g}"),
        ("verdict on the network", gap.network.verdict),
        ("verdict on the model's optimum", gap.optimum.verdict),
        ("theorem", covered),
        ("balance λ_W Σ c^t‖W^t‖² / (λ_H Σ‖h‖²)", numbers.MISSING if np.isnan(gap.balance) else f"{gap.balance:.4g}"),
        ("Σ‖h‖² within labels", f"{gap.squares['within labels']:.2%}"),
        ("Σ‖h‖² that no head reads", f"{gap.squares['not read']:.2%}"),
        ("N‖μ_G‖² / Σ‖h‖²", f"{gap.squares['offset']:.2%}"),
        ("the same at the model's optimum", f"{gap.squares['offset of the optimum']:.2%}"),
    ]


def _reading(gaps: Sequence[Gap], nonnegative: bool) -> str:
    text = (
        "Any point's F is at least D, so (F − D) / F bounds its distance from the global minimum by the network alone; "
        "the last column has the certified optimum in place of D. From the first row to the third F falls: averaging "
        "within labels saves the spread, and leaving out what no head reads of the means saves its penalty and keeps "
        "their logits. The fourth row is apart: the common offset μ_G is moved to the biases, where λ_b weighs it. "
    )
    if nonnegative:
        share = max(gap.squares["offset"] for gap in gaps)
        best = max(gap.squares["offset of the optimum"] for gap in gaps)
        return text + (
            "This network's features are ≥ 0, as after a ReLU, which the model does not know: its features may be "
            f"negative. So the network carries a common offset that λ_H weighs: {share:.0%} of Σ‖h‖², against "
            f"{best:.0%} at the model's optimum. It is in the first two rows and, as far as no head reads it, "
            "gone from the third. The metrics are of heads, of centred features and of distances between features, "
            "and do not see it."
        )
    return text + "This network's features have no last ReLU and may be negative, as the model's."
