"""All numbers of the report as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ufm.support.strict_json import plain
from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.gap import Gap
from ufm_networks.report.heads import HeadCosines


def runs_to_dict(runs: Sequence[RunComparison], names: Sequence[str]) -> list[dict[str, Any]]:
    """A list with an entry for each run; what is not defined is null."""
    return [plain({"run": name, **_of(run)}) for run, name in zip(runs, names, strict=True)]


def _of(run: RunComparison) -> dict[str, Any]:
    measured = run.measured
    maps = measured.saliency
    return {
        "data": measured.data,
        "kind": measured.kind,
        "classes": measured.classes,
        "samples": len(measured.labels),
        "feature_dim": measured.feature_dim,
        "configuration": measured.config.tables(),
        "history": measured.history,
        "metrics": measured.point.metrics,
        "optimum_metrics": run.optimum_metrics,
        "model": {"exact": run.model.exact, "reason": run.model.reason, "notes": run.model.notes},
        "gaps": [gap_to_dict(gap) for gap in run.gaps],
        "heads": heads_to_dict(run.heads),
        "correlation": run.cosine,
        "latent_features": run.latents,
        "maps": None if maps is None else {"overlap": maps.overlap, "samples": maps.compared},
        "embedding": measured.embedding,
    }


def heads_to_dict(heads: HeadCosines) -> dict[str, Any]:
    """Cosines, and how far they are from the optimum's."""
    return {
        "cosines": heads.measured,
        "optimum_cosines": heads.optimum,
        "mean_difference": heads.mean_difference,
        "largest_difference": heads.largest_difference,
    }


def gap_to_dict(gap: Gap) -> dict[str, Any]:
    """The numbers of a gap."""
    problem = gap.part.problem
    return {
        "tasks": gap.part.tasks,
        "lambda_H": problem.lambda_H,
        "lambda_W": problem.lambda_W,
        "lambda_b": problem.lambda_b,
        "task_weights": problem.task_weights,
        "points": gap.stages,
        "lower_bound": gap.lower_bound,
        "spectral_ratio": gap.spectral_ratio,
        "network": gap.network.to_dict(),
        "optimum": gap.optimum.to_dict(),
        "theorem": gap.theorem or None,
        "closed_form": gap.closed_form,
        "balance": gap.balance,
        "squared_features": gap.squares,
    }
