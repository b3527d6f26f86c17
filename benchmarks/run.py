"""Runs the benchmarks and writes results/results.json and results/results.md: machine, commit, figures.

python benchmarks/run.py            everything but cvxpy with Clarabel and SCS
python benchmarks/run.py --slow     those too (minutes)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    marks = [] if "--slow" in sys.argv else ["-m", "not slow"]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            "addopts=",
            "--benchmark-json",
            str(raw),
            *marks,
            str(HERE),
        ]
        status = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "2"}, check=False).returncode
        if not raw.exists() or not raw.stat().st_size:
            sys.exit(status or 1)
        results = summary(json.loads(raw.read_text()))
    for name, text in (("results.json", json.dumps(results, indent=1) + "\n"), ("results.md", table(results))):
        temporary = HERE / "results" / f".{name}.part"
        temporary.write_text(text)
        os.replace(temporary, HERE / "results" / name)
    print(table(results))
    sys.exit(status)


def summary(raw: dict) -> dict:
    cpu = raw["machine_info"]["cpu"]
    return {
        "date": raw["datetime"][:10],
        "commit": raw["commit_info"]["id"],
        "uncommitted changes": raw["commit_info"]["dirty"],
        "machine": {
            "cpu": cpu.get("brand_raw", "unknown"),
            "cores": raw["machine_info"]["cores"],
            "python": raw["machine_info"]["python_version"],
            "torch": raw["machine_info"]["torch"],
        },
        "benchmarks": [
            {
                "name": b["name"],
                "median seconds": b["stats"]["median"],
                "least seconds": b["stats"]["min"],
                "most seconds": b["stats"]["max"],
                "rounds": b["stats"]["rounds"],
                **b["extra_info"],
            }
            for b in raw["benchmarks"]
        ],
    }


def machine_and_commit() -> dict:
    """For benchmarks that run without pytest."""
    import datetime
    import platform

    import torch
    from cpuinfo import get_cpu_info  # of pytest-benchmark

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()

    return {
        "date": datetime.date.today().isoformat(),
        "commit": git("rev-parse", "HEAD"),
        "uncommitted changes": bool(git("status", "--porcelain", "--untracked-files=no")),
        "machine": {
            "cpu": get_cpu_info().get("brand_raw", "unknown"),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    }


def table(results: dict) -> str:
    machine = results["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, PyTorch {machine['torch']}, "
        f"{results['date']}, commit {results['commit'][:12]}",
        "",
        "| benchmark | median | least – most | to reach | measured |",
        "| --- | --- | --- | --- | --- |",
    ]
    known = ("name", "median seconds", "least seconds", "most seconds", "rounds", "reach")
    for b in results["benchmarks"]:
        rest = ", ".join(f"{name} {value:.3g}" for name, value in b.items() if name not in known)
        span = f"{b['least seconds']:.3g} – {b['most seconds']:.3g} s"
        lines.append(f"| {b['name']} | {b['median seconds']:.3g} s | {span} | {b.get('reach', '')} | {rest} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
