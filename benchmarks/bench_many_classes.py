"""Newton on one task of many classes, counted in K × K products, and on forty binary attributes.

python benchmarks/bench_many_classes.py    growth in K, to results/many_classes.json and docs/figures/many_classes.png
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from product_count import Counted, cpu_seconds, seconds_of_product

import ufm
import verify

HERE = Path(__file__).parent
LAMBDA = 5e-4
SIZES = (50, 100, 200, 365, 500, 1000)
COUNTING_IS_CHEAP = 300  # classes
TAILS = {"balanced, 100": (100, 100), "1280 … 5": (1280, 5), "5000 … 5": (5000, 5)}


@dataclass(frozen=True)
class Measured:
    """One solve: what it counted, CPU seconds, those of one K × K product beside it, its certified gap."""

    counts: str
    classes: int
    newton_steps: int
    hessian_products: int
    products: float
    decompositions: dict[str, int]
    seconds: float
    seconds_of_product: float
    relative_gap: float
    peak_bytes: int


def exponential(classes: int, most: int, fewest: int) -> np.ndarray:
    """Counts that fall by one factor from class to class, as those of ImageNet-LT and Places-LT about do."""
    return np.round(most * (fewest / most) ** (np.arange(classes) / (classes - 1))).astype(int)


def measure(name: str, classes: int, **options: Any) -> Measured:
    """Solved from seed 0, small problems once to count and once for the time, which counting would hide there."""
    counts = exponential(classes, *TAILS[name])
    problem = ufm.SingleSource(counts, lambda_H=LAMBDA, lambda_W=LAMBDA, lambda_b=LAMBDA)
    product = seconds_of_product(classes)
    with Counted() as counted:
        start = time.process_time()
        solution = ufm.solve(problem, **options)
        seconds = time.process_time() - start
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if classes < COUNTING_IS_CHEAP:
        seconds = cpu_seconds(lambda: ufm.solve(problem, **options))
    assert isinstance(solution.history, dict)
    return Measured(
        name,
        classes,
        len(solution.history["loss"]),
        int(sum(solution.history["cg_steps"])),
        counted.multiplications / classes**3,
        counted.decompositions,
        seconds,
        product,
        verify.certify(problem, solution).relative_gap,
        peak,
    )


@pytest.mark.parametrize(
    ("name", "classes", "most", "reach"),
    [
        ("5000 … 5", 365, 3000, "3,000 products (4 s), relative gap 1e-10"),
        pytest.param("balanced, 100", 1000, 900, "15 s on two cores", marks=pytest.mark.slow),
        pytest.param("1280 … 5", 1000, 3000, "60 s on two cores, 2 GiB, relative gap 1e-10", marks=pytest.mark.slow),
    ],
)
def test_many_classes(benchmark: Any, name: str, classes: int, most: float, reach: str) -> None:
    found: list[Measured] = []
    benchmark.pedantic(lambda: found.append(measure(name, classes)), rounds=1, iterations=1)
    benchmark.extra_info["reach"] = reach
    for key in ("newton_steps", "hessian_products", "products", "seconds", "relative_gap"):
        benchmark.extra_info[key.replace("_", " ")] = getattr(found[0], key)
    benchmark.extra_info["seconds over one product's"] = found[0].seconds / found[0].seconds_of_product
    assert found[0].products <= most
    assert found[0].relative_gap <= 1e-10


@pytest.mark.parametrize("size", [5e-2, 5e-4])
def test_forty_attributes(benchmark: Any, size: float) -> None:
    """2,000 rows of 40 attributes that share one factor."""
    rng = np.random.default_rng(0)
    labels = (1.5 * rng.normal(size=(2000, 1)) + rng.normal(size=(2000, 40)) > 0.5).astype(int)
    problem = ufm.SingleSource.from_labels(labels, lambda_H=size, lambda_W=size, lambda_b=size)
    benchmark.extra_info["reach"] = "1 s, relative gap 1e-10"
    solution = benchmark.pedantic(lambda: ufm.solve(problem), rounds=3, warmup_rounds=1, iterations=1)
    benchmark.extra_info["Hessian products"] = sum(solution.history["cg_steps"])
    gap = verify.certify(problem, solution).relative_gap
    benchmark.extra_info["relative gap"] = gap
    assert gap <= 1e-10


def draw(results: list[Measured], path: Path) -> None:
    """Products, and seconds in products, over K."""
    from verify.plot import PAGE, in_style, new_figure, save
    from verify.plot.layout import grid, legend_of_figure, tidy
    from verify.plot.style import INK, series

    figure = new_figure(PAGE, 2.7)
    with in_style():
        left, right = figure.subplots(1, 2)
        for number, name in enumerate(TAILS):
            own = [m for m in results if m.counts == name]
            K = [m.classes for m in own]
            left.loglog(K, [m.products for m in own], label=name, **series(number))
            right.loglog(K, [m.seconds for m in own], label=name, **series(number))
        K = sorted({m.classes for m in results})
        unit = {m.classes: m.seconds_of_product for m in results}
        right.loglog(K, [1000 * unit[k] for k in K], color=INK, linestyle=":", label="1,000 products")
        for axes, title in ((left, "what a solve multiplies"), (right, "its time on one thread")):
            axes.set_xticks(K, [str(k) for k in K])
            axes.set_xticks([], minor=True)
            axes.set_xlabel("classes $K$")
            tidy(axes, title)
            grid(axes)
        left.set_ylabel("$K × K$ products")
        right.set_ylabel("CPU seconds")
        legend_of_figure(figure, right)
    save(figure, path)


def main() -> None:
    """All sizes; smaller ones first, so that memory's peak is the size's own."""
    torch.set_num_threads(1)
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    results = []
    for classes in (K for K in SIZES if largest >= K):
        for name in TAILS:
            results.append(measure(name, classes))
            print(results[-1], flush=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=HERE).stdout
    record = {"commit": commit.strip(), "lambda": LAMBDA, "threads": 1, "solves": [asdict(m) for m in results]}
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (HERE / "results" / "many_classes.json").write_text(text)
    draw(results, HERE.parent / "docs" / "figures" / "many_classes.png")


if __name__ == "__main__":
    main()
