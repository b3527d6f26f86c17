"""method="projection" on two tasks of K classes of which a tenth of the label pairs occur, once each.

python benchmarks/bench_many_pairs.py          K = 50 … 200, to results/many_pairs.json and docs/figures/many_pairs.png
python benchmarks/bench_many_pairs.py 1000     up to 1,000 classes, 100,000 pairs: hours; each size is written when done
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ufm
import verify

HERE = Path(__file__).parent
RESULTS, FIGURE = HERE / "results" / "many_pairs.json", HERE.parent / "docs" / "figures" / "many_pairs.png"
LAMBDA = 5e-4
SIZES = (50, 100, 200, 500, 1000)
USUAL = 200
NEAR = 1e-6  # relative, of F and of the gap


def problem(classes: int) -> ufm.SingleSource:
    """A tenth of the K² pairs, drawn from seed 0."""
    counts = np.zeros((classes, classes), dtype=int)
    counts.flat[np.random.default_rng(0).choice(classes**2, classes**2 // 10, replace=False)] = 1
    return ufm.SingleSource(counts, lambda_H=LAMBDA, lambda_W=LAMBDA, lambda_b=LAMBDA)


def peak() -> int:
    """Bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(classes: int) -> dict[str, Any]:
    """Solved and certified in this process; ``steps_to_F`` is the first whose F is within NEAR of the last."""
    posed = problem(classes)
    start = time.perf_counter(), time.process_time()
    solution = ufm.solve(posed, "projection", tolerance=NEAR)
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    solved = peak()
    certificate = verify.certify(posed, solution, tolerance=NEAR)
    history = solution.history
    assert isinstance(history, dict)
    above = np.array(history["loss"]) / certificate.lower_bound - 1.0
    return {
        "classes": classes,
        "pairs": int(posed.counts.sum()),
        "status": solution.status,
        "objective": solution.objective,
        "certified_gap": certificate.relative_gap,
        "verdict": certificate.verdict,
        "steps": len(history["loss"]),
        "steps_to_F": int(np.argmax(np.abs(np.array(history["loss"]) / solution.objective - 1.0) <= NEAR)) + 1,
        "products": sum(history["products"]),
        "seconds": seconds[0],
        "cpu_seconds": seconds[1],
        "threads": torch.get_num_threads(),
        "peak_bytes": solved,
        "peak_bytes_with_certificate": peak(),
        "above_the_bound": above.tolist(),
        "estimated_gap": history["relative_gap"],
    }


@pytest.mark.parametrize("classes", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_many_pairs(benchmark: Any, classes: int) -> None:
    found: list[dict[str, Any]] = []
    benchmark.pedantic(lambda: found.append(measure(classes)), rounds=1, iterations=1)
    benchmark.extra_info["reach"] = f"relative gap {NEAR:g}"
    for key in ("steps", "products", "certified_gap"):
        benchmark.extra_info[key.replace("_", " ")] = found[0][key]
    assert found[0]["certified_gap"] <= 2 * NEAR


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """F above its certified bound, and the estimated gap, over the steps at the λ's themselves."""
    from verify.plot import PAGE, in_style, new_figure, save
    from verify.plot.layout import grid, legend_of_figure, tidy
    from verify.plot.style import series

    figure = new_figure(PAGE, 2.7)
    with in_style():
        left, right = figure.subplots(1, 2, sharey=True)
        for number, found in enumerate(results):
            looks = series(number) | {"marker": ""}
            for axes, curve in ((left, found["above_the_bound"]), (right, found["estimated_gap"])):
                axes.semilogy(np.maximum(curve, 1e-8), label=f"K = {found['classes']:,}", **looks)
        for axes, title in ((left, "F above its certified bound"), (right, "estimated duality gap")):
            axes.set_xlabel("steps of the heads")
            axes.set_ylim(1e-8, 10.0)
            tidy(axes, title)
            grid(axes)
        left.set_ylabel("relative")
        legend_of_figure(figure, right)
    save(figure, path)


def main() -> None:
    """Each size in a process of its own, whose peak of memory is the size's."""
    if sys.argv[1:2] == ["--one"]:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else USUAL
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=HERE).stdout
    kept = json.loads(RESULTS.read_text())["solves"] if RESULTS.exists() else []
    for classes in (K for K in SIZES if largest >= K):
        command = [sys.executable, __file__, "--one", str(classes)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        found["commit"] = commit.strip()
        kept = sorted([*(one for one in kept if one["classes"] != classes), found], key=lambda one: one["classes"])
        print({key: value for key, value in found.items() if not isinstance(value, list)}, flush=True)
        temporary = RESULTS.with_suffix(".part")
        temporary.write_text(json.dumps({"lambda": LAMBDA, "solves": kept}, indent=1) + "\n")
        os.replace(temporary, RESULTS)
        draw(kept, FIGURE)


if __name__ == "__main__":
    main()
