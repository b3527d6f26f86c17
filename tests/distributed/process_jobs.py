"""One of several processes: python process_jobs.py JOB RANK SIZE MEETING ARGUMENTS-AS-JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import ufm
from ufm.solvers.gradient import minimize


def lambdas(size):
    return {"lambda_H": size, "lambda_W": size, "lambda_b": size}


METHODS = {
    "momentum": {"steps": 30},
    "fixed momentum": {"momentum": 0.5, "steps": 15},
    "lbfgs": {"optimizer": "lbfgs", "steps": 30},
    "adam": {"optimizer": "adam", "steps": 20},
    "SGD": {"learning_rate": 0.003, "steps": 20},
    "Adam with a rate": {"optimizer": "adam", "learning_rate": 0.003, "steps": 20},
    **{
        name: {"learning_rate": 0.003, "steps": 15, "weighting": name}
        for name in ("uniform", "mgda", "uncertainty", "pcgrad", "dwa", "famo", "fairgrad")
    },
}
PROBLEMS = {
    "single source": lambda: ufm.SingleSource([[7, 2, 0], [1, 4, 5]], **lambdas(0.05)),
    "missing labels": lambda: ufm.SingleSource.from_labels(
        [[0, 1], [1, -1], [-1, 0], [0, 0], [1, 1]], classes=(2, 2), missing=-1, loss="squared-error", **lambdas(0.05)
    ),
    "multi source": lambda: ufm.MultiSource([[5, 2], [1, 1, 1]], **lambdas(0.05)),
    "multi label": lambda: ufm.MultiLabel.from_indicators(
        [[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0]], **lambdas(0.05)
    ),
    "two samples": lambda: ufm.SingleSource([1, 1], **lambdas(0.05)),
}


def methods(names, kinds):
    """Largest relative differences of F on the way and at the end from a run in one process."""
    from gradient_problems import odd_form  # of the folder beside, which pytest has not in its path

    found = {}
    for kind in kinds:
        form, counts = odd_form(kind=kind)
        for name in names or METHODS:
            options = {"dim": 6, "seed": 3, "tolerance": 1e-30, "log_every": 1, "progress": False, **METHODS[name]}
            own = dataclasses.replace(form, task_weights=np.ones(4)) if "weighting" in options else form
            one, many = (minimize(own, counts, distributed=shared, **options) for shared in (False, True))
            losses = [np.array(run.history["loss"] + [run.objective]) for run in (one, many)]
            found[f"{name}, {kind}"] = {
                "F": float(np.abs(losses[1] / losses[0] - 1).max()),
                "H": float((one.H[:, : many.H.shape[1]] - many.H).norm() / one.H.norm()) if dist.get_rank() == 0 else 0,
                "heads": many.W.flatten().tolist(),
                "columns": many.H.shape[1],
            }
    return found


def problems(names, **options):
    """Objective, shapes and counts of each problem, beside one process'."""
    found = {}
    for name in names:
        problem = PROBLEMS[name]()
        one = ufm.solve(problem, "gradient", **options)
        many = ufm.solve(problem, "gradient", distributed=True, **options)
        shard = ufm.solve(problem, "gradient", distributed="sharded", **options)
        features, shares = ([s.H] if torch.is_tensor(s.H) else s.H for s in (many, shard))
        labels = [s.labels if isinstance(s.labels, tuple) else (s.labels,) for s in (many, shard)]
        first = dist.get_rank() == 0
        found[name] = {
            "objective": abs(many.objective / one.objective - 1),
            "sharded objective": abs(shard.objective / many.objective - 1),
            "whole": [h.shape[1] for h in features],
            "own": [h.shape[1] for h in shares],
            "labels": [[len(part) for part in parts] for parts in labels],
            "same labels": not first or all(np.array_equal(a, b) for a, b in zip(labels[0], _of(one), strict=True)),
        }
    return found


def _of(solution):
    return solution.labels if isinstance(solution.labels, tuple) else (solution.labels,)


def saved(**options):
    """A run of a larger problem with a checkpoint."""
    problem = ufm.SingleSource(np.arange(1, 31).reshape(5, 6), **lambdas(0.001))
    solution = ufm.solve(
        problem, "gradient", dim=20, seed=1, tolerance=1e-30, progress=False, distributed=True, **options
    )
    return {"objective": solution.objective, "steps": solution.history["step"], "loss": solution.history["loss"]}


def resumed(names):
    """Whether a run that went on from a checkpoint is one that went through, to the last bit."""
    from gradient_problems import odd_form  # of the folder beside, which pytest has not in its path

    form, counts = odd_form(kind="mixed")
    found = {}
    for name in names:
        chosen = {"dim": 3, "seed": 3, "tolerance": 1e-30, "log_every": 1, "progress": False, "distributed": True}
        chosen |= METHODS[name]
        own = dataclasses.replace(form, task_weights=np.ones(4)) if "weighting" in chosen else form
        whole = minimize(own, counts, **chosen | {"steps": 6})
        for steps in (3, 6):
            last = minimize(own, counts, **chosen | {"steps": steps, "checkpoint": name})
        found[name] = (last.history, last.objective) == (whole.history, whole.objective)
    return found


def refused(place):
    """What errors say, by what is wrong."""
    rank = dist.get_rank()
    problem = PROBLEMS["single source"]()
    other = ufm.SingleSource([[7, 2, 0], [1, 4, 5 + rank]], **lambdas(0.05))
    (Path(place) / "file").write_text("a file")
    cases = {
        "problem": (other, {}),
        "seed": (problem, {"seed": rank}),
        "steps": (problem, {"steps": 10 + rank}),
        "file": (problem, {"checkpoint": str(Path(place) / "file")}),
        "metrics": (problem, {"metrics": lambda point: {}}),
        "word": (problem, {"distributed": "yes"}),
    }
    found = {}
    for name, (given, options) in cases.items():
        try:
            ufm.solve(given, "gradient", **{"distributed": True, **options})
        except ValueError as error:
            found[name] = str(error)
    return found


def told(**options):
    """As ``saved``; what is said where another process is lost."""
    try:
        return saved(**options)
    except RuntimeError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    job, rank, size, meeting, arguments = sys.argv[1:]
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", f"file://{meeting}", rank=int(rank), world_size=int(size), timeout=timedelta(seconds=120)
    )
    jobs = {
        "methods": methods,
        "problems": problems,
        "saved": saved,
        "resumed": resumed,
        "refused": refused,
        "told": told,
    }
    found = jobs[job](**json.loads(arguments))
    Path(f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
