"""Time to a gap, in one run: this project beside the solvers that people would take instead.

    python benchmarks/compare.py [--seconds 10] [--only WORDS]

Every solver gets the same problem, a random start where it takes one, one thread, and the seconds allowed. Its gap is

    (F − D) / F,        D the lower bound of verify.certify(…, rigorous=True) at this project's own minimum,

so no solver is judged by what it says of itself. Curves are F over the seconds since the solver began, the smallest so
far; what has no iterations to watch is a point. Writes results/compare.json, .md and .svg.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import outside_solvers
import torch
from outside_solvers import Curve, Program
from run import machine_and_commit

import ufm
import verify

GAPS = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
TOLERANCES = tuple(10.0**-k for k in range(1, 13))
HERE = Path(__file__).parent


def problems() -> dict[str, ufm.SingleSource]:
    small = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
    paper = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": 5e-4}
    tail = [round(5000 * (5 / 5000) ** (k / 49)) for k in range(50)]
    return {
        "one binary task, n = 20": ufm.SingleSource([20, 20], **small),
        "two correlated tasks of 10 classes": ufm.SingleSource.correlated(10, n_same=30, n_different=10, **small),
        "three tasks of 4 classes, n = 500": ufm.SingleSource.balanced((4, 4, 4), 500, **paper),
        "50 classes, 5000 to 5 samples": ufm.SingleSource(tail, **paper),
        "100 balanced classes, n = 500": ufm.SingleSource.balanced((100,), 500, **paper),
        "300 balanced classes, n = 100": ufm.SingleSource.balanced((300,), 100, **paper),
        "squared error, two correlated tasks of 10 classes": ufm.SingleSource.correlated(
            10, n_same=30, n_different=10, loss="squared-error", **small
        ),
        "squared error, 100 classes, 1280 to 5 samples": ufm.SingleSource(
            [round(1280 * (5 / 1280) ** (k / 99)) for k in range(100)], loss="squared-error", **paper
        ),
    }


def newton(problem: ufm.SingleSource, seconds: float) -> Curve:
    """A solve of its own for each tolerance, since that is what a user would time."""
    curve: Curve = []
    for tolerance in TOLERANCES:
        start = time.perf_counter()
        solution = ufm.solve(problem, seed=1, tolerance=tolerance)
        curve.append((time.perf_counter() - start, solution.objective))
        if curve[-1][0] > seconds:
            break
    return sorted(curve)


def gradient(problem: ufm.SingleSource, seconds: float) -> Curve:
    """The first-order method, on every sample's feature: a solve of its own for each number of steps."""
    curve: Curve = []
    for steps in (5, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        start = time.perf_counter()
        solution = ufm.solve(problem, "gradient", seed=1, steps=steps, tolerance=1e-12, progress=False)
        curve.append((time.perf_counter() - start, solution.objective))
        if curve[-1][0] > seconds:
            break
    return sorted(curve)


def compared(problem: ufm.SingleSource, seconds: float) -> dict[str, Curve]:
    """Each solver's curve of relative gaps; empty where it failed or had too little time."""
    certificate = verify.certify(problem, ufm.solve(problem, seed=0), rigorous=True)
    bound = certificate.lower_bound
    program = Program(problem)
    curves = {"ufm, newton": newton(problem, seconds), "ufm, gradient": gradient(problem, seconds)}
    for name, solver in outside_solvers.SOLVERS.items():
        print(f"    {name}", file=sys.stderr, flush=True)
        curves[name] = solver(program, seconds)
    return {name: _gaps(curve, bound) for name, curve in curves.items()}


def _gaps(curve: Curve, bound: float) -> Curve:
    """The smallest gap up to each moment that made it smaller, without moments that a reader would not miss."""
    best, gaps = float("inf"), []
    for moment, value in curve:
        if value < bound * (1 - 1e-12):  # more than rounding: it minimizes something else
            raise ValueError(f"F = {value!r} is below its proven lower bound {bound!r}")
        if value < best:
            best = value
            gaps.append((moment, max(value - bound, 0.0) / value))
    return thinned(gaps)


def thinned(gaps: Curve) -> Curve:
    """Those smaller by a tenth than the one kept before, or the first below one of ``GAPS``, and the last."""
    kept: Curve = []
    for moment, gap in gaps:
        if not kept or gap < 0.9 * kept[-1][1] or any(gap <= level < kept[-1][1] for level in GAPS):
            kept.append((moment, gap))
    return kept if kept[-1:] == gaps[-1:] else [*kept, gaps[-1]]


def seconds_to(curve: Curve, gap: float) -> float | None:
    """The first moment at which the gap was reached."""
    return next((moment for moment, value in curve if value <= gap), None)


def table(results: dict[str, Any]) -> str:
    """Seconds to each gap, the fastest in bold; – where it was not reached in the seconds allowed."""
    machine = results["machine"]
    lines = [
        "# Time to a gap",
        "",
        f"{machine['cpu']}, one thread, Python {machine['python']}, PyTorch {machine['torch']}, {results['date']}, "
        f"commit {results['commit'][:12]}. Seconds until (F − D)/F ≤ the gap, D a proven lower bound; "
        f"{results['seconds']:g} s allowed to each solver, ten times that to "
        "cvxpy's. The fastest is bold, – was not reached.",
    ]
    for name, curves in results["problems"].items():
        lines += ["", f"## {name}", "", "| solver | " + " | ".join(f"{gap:.0e}" for gap in GAPS) + " | smallest gap |"]
        lines.append("| --- " * (len(GAPS) + 2) + "|")
        times = {solver: [seconds_to(curve, gap) for gap in GAPS] for solver, curve in curves.items()}
        least = [min((row[j] for row in times.values() if row[j] is not None), default=None) for j in range(len(GAPS))]
        for solver, row in times.items():
            cells = [_cell(value, best) for value, best in zip(row, least, strict=True)]
            smallest = f"{max(curves[solver][-1][1], 1e-16):.1e}" if curves[solver] else "left out"
            lines.append(f"| {solver} | " + " | ".join(cells) + f" | {smallest} |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None, best: float | None) -> str:
    if value is None:
        return "–"
    return f"**{value:.3g}**" if value == best else f"{value:.3g}"


def figure(results: dict[str, Any], path: Path) -> None:
    """A panel a problem: gap over seconds, both logarithmic."""
    from verify.plot import PAGE, in_style, new_figure, save
    from verify.plot.layout import grid, tidy
    from verify.plot.style import few_markers, series

    names = list(results["problems"])
    rows = -(-len(names) // 2)
    drawing = new_figure(PAGE, 1.9 * rows + 0.6)
    lines: dict[str, Any] = {}
    with in_style():
        panels = drawing.subplots(rows, 2, sharey=True, squeeze=False)
        for panel, name in zip(panels.flat, names, strict=False):
            for k, (solver, curve) in enumerate(results["problems"][name].items()):
                if not curve:
                    continue
                moments, gaps = zip(*curve, strict=True)
                look = series(k) | {"linewidth": 1.8 if solver.startswith("ufm") else 0.9, "markersize": 3.5}
                look["markevery"] = few_markers(len(moments), k)
                (lines[solver],) = panel.loglog(moments, [max(gap, 1e-16) for gap in gaps], label=solver, **look)
            panel.set_ylim(1e-16, 2)
            panel.set_xlabel("seconds")
            tidy(panel, name)
            grid(panel)
        for row in panels:
            row[0].set_ylabel("relative gap $(F − D)/F$")
        for panel in panels.flat[len(names) :]:
            panel.axis("off")
        drawing.legend(lines.values(), lines, loc="outside lower center", ncols=4)
    save(drawing, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="allowed to each solver for each problem")
    parser.add_argument("--only", default="", help="problems whose name contains these words")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    chosen = {name: problem for name, problem in problems().items() if asked.only in name}
    if not chosen:
        parser.error(f"--only {asked.only!r}: no problem's name contains it; there are: {'; '.join(problems())}")
    results: dict[str, Any] = {**machine_and_commit(), "seconds": asked.seconds, "problems": {}}
    for name, problem in chosen.items():
        print(name, file=sys.stderr, flush=True)
        results["problems"][name] = compared(problem, asked.seconds)
    print(table(results))
    if asked.only:
        return  # a part does not replace the whole
    (HERE / "results").mkdir(exist_ok=True)
    for file, text in (("compare.json", json.dumps(results, indent=1) + "\n"), ("compare.md", table(results))):
        part = HERE / "results" / f".{file}.part"
        part.write_text(text)
        os.replace(part, HERE / "results" / file)
    figure(results, HERE / "results" / "compare.svg")


if __name__ == "__main__":
    main()
