"""Everything that runs on a GPU, on whatever CUDA device there is: right as on the CPU, and how fast.

python benchmarks/gpu.py [--device cuda] [--output benchmarks/results/gpu.json]     under 8 minutes
python benchmarks/gpu.py --device cpu                                               a small version, of this script

Prints a table and writes JSON. A section that fails or finds its time spent says so, and the rest goes on; the exit
status is then 1. Correctness is the largest relative difference from the CPU, beside what is allowed.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import ufm
import verify
from ufm.solvers.gradient.fixed_momentum import FixedMomentum, fixed_momentum

LAMBDA, RATE, MOMENTUM = 5e-4, 1e-3, 0.9
WHOLE, SECTION = 440.0, 90.0  # seconds: of all sections, and of one; what is running then is ended
Row = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """Where, and how large: ``small`` is for the CPU."""

    device: torch.device
    small: bool
    until: float

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, step: Callable[[], object], most: float) -> float:
        """Median of rounds of several calls each, warmed up; within about ``most`` seconds."""
        for _ in range(2):
            step()
        self.wait()
        start = time.perf_counter()
        step()
        self.wait()
        once = max(1e-6, time.perf_counter() - start)
        calls = max(1, min(20, int(most / (5 * once))))
        rounds = []
        while len(rounds) < 5 and (not rounds or time.perf_counter() - start < most):
            begin = time.perf_counter()
            for _ in range(calls):
                step()
            self.wait()
            rounds.append((time.perf_counter() - begin) / calls)
        return float(np.median(rounds))


def lambdas(size: float) -> dict[str, float]:
    return {"lambda_H": size, "lambda_W": size, "lambda_b": size}


def compared(name: str, found: Any, right: Any, allowed: float) -> Row:
    """A row of the largest difference over the largest magnitude."""
    a, b = (np.asarray(torch.as_tensor(x).cpu(), dtype=np.float64) for x in (found, right))
    difference = float(np.abs(a - b).max() / max(1e-300, np.abs(b).max()))
    return {"what": name, "value": difference, "unit": f"allowed {allowed:g}", "right": bool(difference <= allowed)}


def newton(machine: Machine) -> Iterator[Row]:
    for loss in ("cross-entropy", "binary-cross-entropy", "squared-error"):
        problem = ufm.SingleSource([[40, 9, 5], [3, 20, 2]], loss=loss, **lambdas(1e-3))
        found, right = (ufm.solve(problem, seed=0, device=d) for d in (machine.device, "cpu"))
        yield compared(f"newton, {loss}: F", found.objective, right.objective, 1e-12)
        certificate = verify.certify(problem, found)
        yield {
            "what": f"newton, {loss}: gap",
            "value": certificate.relative_gap,
            "unit": "certified",
            "right": bool(certificate),
        }


def gradient(machine: Machine) -> Iterator[Row]:
    problem = ufm.SingleSource.balanced((4, 3), 30, **lambdas(5e-3))
    kinds: tuple[dict[str, Any], ...] = (
        {"optimizer": "momentum"},
        {"optimizer": "momentum", "learning_rate": 1e-2},
        {"optimizer": "lbfgs"},
        {"optimizer": "adam"},
        {"learning_rate": 1e-2, "weighting": "uncertainty"},
        {"learning_rate": 1e-2, "weighting": "fairgrad"},
    )
    for dtype, allowed in (("float64", 1e-9), ("float32", 1e-4)):
        for kind in kinds:
            options = {"method": "gradient", "dtype": dtype, "steps": 20, "tolerance": 1e-12, **kind}
            found, right = (ufm.solve(problem, seed=0, device=d, **options) for d in (machine.device, "cpu"))
            name = " ".join(str(x) for x in kind.values())
            yield compared(f"20 steps, {name}, {dtype}: F", found.objective, right.objective, allowed)


def random_problems(number: int) -> list[ufm.SingleSource]:
    rng = np.random.default_rng(0)
    sizes = 10.0 ** rng.uniform(-4, np.log10(0.3), (number, 3))
    counts = rng.integers(1, 51, (number, 3, 3))
    return [
        ufm.SingleSource(n, lambda_H=h, lambda_W=w, lambda_b=b)
        for n, (h, w, b) in zip(counts, sizes.tolist(), strict=True)
    ]


def solve_many(machine: Machine) -> Iterator[Row]:
    some = random_problems(64)
    found, right = (ufm.solve_many(some, device=d) for d in (machine.device, "cpu"))
    yield compared("solve_many: F", [x.objective for x in found], [x.objective for x in right], 1e-10)
    certificates = verify.certify_many(some, found)
    yield {
        "what": "certify_many: not proven",
        "value": sum(not x for x in certificates),
        "unit": "of 64",
        "right": all(certificates),
    }
    number = 200 if machine.small else 100_000
    problems = random_problems(number)
    start = time.perf_counter()
    solutions = ufm.solve_many(problems, device=machine.device)
    yield {"what": f"solve_many of {number} problems", "value": time.perf_counter() - start, "unit": "s"}
    start = time.perf_counter()
    gap = max(x.relative_gap for x in verify.certify_many(problems, solutions))
    yield {"what": "certify_many of them, on the CPU", "value": time.perf_counter() - start, "unit": "s"}
    yield {"what": "largest gap", "value": gap, "unit": "allowed 1e-8", "right": bool(gap <= 1e-8)}


def networks(machine: Machine) -> list[tuple[torch.device, Any]]:
    """One network of two tasks, on both devices."""
    from ufm_networks import MultiTaskNetwork, backbone

    made = []
    for device in (machine.device, torch.device("cpu")):
        network = MultiTaskNetwork(backbone("resnet18", in_channels=1, image_size=8, width=8), (3, 4))
        network.initialize(torch.Generator().manual_seed(0))
        made.append((device, network.to(device)))
    return made


def images(number: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(number, 1, 8, 8, generator=generator), torch.randint(0, 3, (number, 2), generator=generator)


def observe(machine: Machine) -> Iterator[Row]:
    import ufm_networks

    x, y = images(200)
    batches = list(zip(x.split(64), y.split(64), strict=True))
    heads = {"a": "heads.0", "b": "heads.1"}
    values = [ufm_networks.observe(model, batches, heads).metrics() for _, model in networks(machine)]
    names = [name for name, value in values[1].items() if np.isfinite(value)]
    yield compared(f"observe: {len(names)} metrics", *([v[name] for name in names] for v in values), 1e-3)


def training_step(machine: Machine) -> Iterator[Row]:
    x, y = images(32)
    losses = []
    for device, model in networks(machine):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=MOMENTUM)
        own = []
        for _ in range(3):
            _, logits = model(x.to(device))
            loss = sum(torch.nn.functional.cross_entropy(u, y[:, t].to(device)) for t, u in enumerate(logits))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            own.append(float(loss.detach()))
        losses.append(own)
    yield compared("training: losses of 3 steps", losses[0], losses[1], 1e-2)


def copy_bandwidth(machine: Machine) -> float:
    """Bytes a second, read and written."""
    size = 1 << (24 if machine.small else 30)
    source = torch.ones(size, device=machine.device)
    target = torch.empty_like(source)
    return 2 * 4 * size / machine.seconds(lambda: target.copy_(source), 3.0)


def fused(machine: Machine, classes: tuple[int, ...], per_column: int, dim: int) -> FixedMomentum:
    problem = ufm.SingleSource.balanced(classes, per_column, **lambdas(LAMBDA))
    (form,) = problem.standard_forms()
    return fixed_momentum(
        form, problem.counts, dim=dim, learning_rate=RATE, momentum=MOMENTUM, device=machine.device, dtype=torch.float32
    )


def field_style(
    machine: Machine, classes: tuple[int, ...], samples: int, dim: int, compiled: bool
) -> Callable[[], object]:
    """Parameters, F.cross_entropy, penalties, backward, torch.optim.SGD."""
    device = machine.device
    H = torch.nn.Parameter(torch.randn(samples, dim, device=device) * 0.1)
    heads = [torch.nn.Parameter(torch.randn(k, dim, device=device) * 0.1) for k in classes]
    biases = [torch.nn.Parameter(torch.zeros(k, device=device)) for k in classes]
    labels = [torch.randint(0, k, (samples,), device=device) for k in classes]
    optimizer = torch.optim.SGD([H, *heads, *biases], lr=RATE, momentum=MOMENTUM)

    def objective() -> Tensor:
        loss = LAMBDA * H.square().sum()
        for W, b, y in zip(heads, biases, labels, strict=True):
            loss = loss + torch.nn.functional.cross_entropy(H @ W.T + b, y, reduction="sum")
            loss = loss + LAMBDA * (W.square().sum() + b.square().sum())
        return loss

    of = torch.compile(objective) if compiled else objective
    update = torch.compile(optimizer.step) if compiled else optimizer.step

    def step() -> None:
        optimizer.zero_grad()
        of().backward()
        update()

    return step


def steps(machine: Machine, classes: tuple[int, ...], compiled: bool) -> Iterator[Row]:
    """Steps a second; the floor reads and writes features and momentum once at the copy's bandwidth."""
    samples, dim = (20_000, 64) if machine.small else (1_280_000, 512)
    name = f"{len(classes)} × {classes[0]} classes, N = {samples}, d = {dim}"
    with torch.no_grad():
        floor = 4 * 4 * samples * dim / copy_bandwidth(machine)
        method = fused(machine, classes, samples // int(np.prod(classes)), dim)
        own = machine.seconds(method.step, 10.0)
    yield {"what": f"{name}: fused", "value": 1 / own, "unit": "steps/s"}
    yield {"what": f"{name}: fused over the copy's floor", "value": own / floor, "unit": "×"}
    del method
    kind = "torch.compile" if compiled else "autograd + SGD"
    other = machine.seconds(field_style(machine, classes, samples, dim, compiled), 10.0)
    yield {"what": f"{name}: {kind} over fused", "value": other / own, "unit": "×"}


def many_classes(machine: Machine) -> Iterator[Row]:
    k = 20 if machine.small else 1000
    for name, counts in (("balanced", np.full(k, 500)), ("long-tailed", np.geomspace(1280, 5, k).astype(int))):
        problem = ufm.SingleSource(counts, **lambdas(LAMBDA))
        start = time.perf_counter()
        solution = ufm.solve(problem, device=machine.device, tolerance=1e-10)
        seconds = time.perf_counter() - start
        yield {"what": f"newton, {k} classes, {name}", "value": seconds, "unit": "s", "right": solution.converged}


def copies(machine: Machine) -> Iterator[Row]:
    yield {"what": "copy", "value": copy_bandwidth(machine) / 1e9, "unit": "GB/s"}


def sections(small: bool) -> dict[str, Callable[[Machine], Iterator[Row]]]:
    """By name, what matters most first."""
    three, thousand = ((2, 2, 2), (20,)) if small else ((10, 10, 10), (1000,))
    return {
        "copy bandwidth": copies,
        "newton": newton,
        "gradient": gradient,
        "steps, three tasks": lambda machine: steps(machine, three, compiled=False),
        "steps, many classes": lambda machine: steps(machine, thousand, compiled=False),
        "observe": observe,
        "training step": training_step,
        "solve_many, certify_many": solve_many,
        "many classes": many_classes,
        "compiled, three tasks": lambda machine: steps(machine, three, compiled=True),
        "compiled, many classes": lambda machine: steps(machine, thousand, compiled=True),
    }


def measured(machine: Machine, chosen: list[str]) -> list[Row]:
    """The rows of every section, printed as they come."""
    rows: list[Row] = []
    for name, section in sections(machine.small).items():
        if chosen and name not in chosen:
            continue
        found: list[Row] = []
        try:
            left = machine.until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no time is left for this section")
            signal.setitimer(signal.ITIMER_REAL, min(SECTION, left))
            for row in section(machine):
                found.append({"section": name, **row})
                print(f"{row['what']:<68} {row['value']:>12.4g} {row['unit']:<16}{mark(row)}", flush=True)
        except Exception as error:  # the other sections are still worth their time
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            if not isinstance(error, TimeoutError):
                traceback.print_exc()
            print(f"{name}: FAILED: {reason}", flush=True)
            found.append({"section": name, "what": name, "failed": reason, "right": False})
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        rows += found
        if machine.device.type == "cuda":
            torch.cuda.empty_cache()
    return rows


def _spent(number: int, frame: Any) -> None:
    raise TimeoutError("the section's time is spent")


def mark(row: Row) -> str:
    return "" if "right" not in row else "ok" if row["right"] else "WRONG"


def about(device: torch.device) -> Row:
    """Machine, versions, commit."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    return {"device": name, **versions, "cuda": torch.version.cuda, "commit": commit or None}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "gpu.json")
    parser.add_argument("--only", action="append", default=[], choices=list(sections(True)))
    given = parser.parse_args()
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here; --device cpu runs a small version", file=sys.stderr)
        return 2
    machine = Machine(device, device.type == "cpu", time.monotonic() + WHOLE)
    start = time.monotonic()
    signal.signal(signal.SIGALRM, _spent)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    head = about(device)
    print(json.dumps(head), flush=True)
    rows = measured(machine, given.only)
    result = {**head, "small": machine.small, "seconds": time.monotonic() - start, "rows": rows}
    given.output.write_text(json.dumps(result, indent=1, default=float) + "\n")
    wrong = [row["what"] for row in rows if not row.get("right", True)]
    print(f"{result['seconds']:.0f} s; " + (f"not right: {'; '.join(wrong)}" if wrong else "all right"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
