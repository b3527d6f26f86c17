"""Matrices of cosines: heads measured and at the model's optimum; latent features beside heads and simplex angles."""

from __future__ import annotations

from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.heads import HeadCosines
from ufm_networks.report.latent import Latent
from verify.plot.cosine_matrix import cosine_panels
from verify.report.figure_files import FigureFile, figure_file


def heads_file(heads: HeadCosines, classes: tuple[int, ...], name: str, *, apart: bool) -> FigureFile:
    """The network's heads, beside the certified optimum of the model where there is one.

    apart  whether every task has samples of its own
    """
    panels = [("network", heads.measured)]
    caption = "Cosines between the rows w_k^t of the heads, lines between tasks: of the network"
    if heads.optimum is not None:
        panels.append(("certified optimum of the model", heads.optimum))
        caption += ", and at the certified optimum of the model with the same counts and λ's"
    caption += "."
    if apart and heads.optimum is not None:
        caption += " Grey between tasks: the model leaves it free, since each task has features of its own."
    return figure_file(name, cosine_panels(panels, classes), caption, caption)


def latent_file(run: RunComparison, of: Latent, data: str, name: str) -> FigureFile:
    """Latent features of both tasks, the heads, and simplex angles."""
    panels = [("latent features", of.cosines), ("heads", run.heads.measured), ("simplex angles", of.simplex)]
    caption = (
        f"Cosines between the centred class means of the latent features, {data} data: μ̃_k^1 of pairs whose right "
        "image is blank, μ̃_k^2 of pairs whose left image is. Beside them the heads of the network, and what Theorem "
        "3.1 has: simplex angles within a task, right angles between tasks."
    )
    return figure_file(name, cosine_panels(panels, run.measured.classes, (r"\tilde{\mu}", "w", "w")), caption, caption)
