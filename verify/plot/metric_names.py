"""Names of metrics for readers."""

from __future__ import annotations


def shown(metric: str) -> str:
    """The name as printed: SNC2_1 as SNC2-1, latent_NC2_1 as latent NC2-1."""
    kind, _, rest = metric.partition("_")
    if kind == "latent":
        return f"latent {shown(rest)}"
    return metric.replace("_", "-") if "NC" in metric[:3] else metric.replace("_", " ")
