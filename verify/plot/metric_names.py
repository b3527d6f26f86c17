"""Metrics as a reader knows them."""

from __future__ import annotations


def shown(metric: str) -> str:
    """SNC2_1 is SNC2-1 in the paper, and latent_NC2_1 latent NC2-1 here."""
    kind, _, rest = metric.partition("_")
    if kind == "latent":
        return f"latent {shown(rest)}"
    return metric.replace("_", "-") if "NC" in metric[:3] else metric.replace("_", " ")
