"""All numbers of the report as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ufm.support.strict_json import plain
from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.gap import Gap


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
        "gaps": [_gap(gap) for gap in run.gaps],
        "heads": {
            "cosines": run.heads.measured,
            "optimum_cosines": run.heads.optimum,
            "mean_difference": run.heads.mean_difference,
            "largest_difference": run.heads.largest_difference,
        },
        "correlation": run.cosine,
        "latent_features": run.latents,
        "maps": None if maps is None else {"overlap": maps.overlap, "samples": maps.compared},
        "embedding": measured.embedding,
    }


def _gap(gap: Gap) -> dict[str, Any]:
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
