"""How many of the small mistakes that could be made in the mathematics the tests find: mutation testing, sampled.

python benchmarks/mutation/run.py               draws mutants of the modules in suites.toml, runs the tests named there
                                                on each, goes on where it stopped (.mutation.jsonl; without that
                                                file from the start), and writes results/mutation.md
python benchmarks/mutation/run.py --only TEXT   of modules whose path holds TEXT
python benchmarks/mutation/run.py --again       survivors once more, after tests were added

Needs the extra `mutation`. The score is killed / (drawn − equivalent); equivalent.toml lists the mutants that mean the
same as the code, each with its reason.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "CI": "1"}  # CI: Hypothesis draws the same for every mutant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIBRARIES = ("mpmath", "numpy", "pandas", "pytest", "scipy.optimize", "scipy.special", "sympy", "torch")
LOG = ROOT / ".mutation.jsonl"
REPORT = HERE.parent / "results" / "mutation.md"


def main() -> None:
    """Draws, tries, reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=8, help="mutants of a module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="text in the module's path")
    parser.add_argument(
        "--limit", type=float, help="seconds for each, where the tests are known to pass; else measured"
    )
    parser.add_argument("--report", action="store_true", help="of what was tried so far, trying no more")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    options = parser.parse_args()

    os.chdir(ROOT)
    done = logged()
    if options.report:
        return report(done, options.seed)
    sys.path.insert(0, str(ROOT))
    for library in LIBRARIES:
        importlib.import_module(library)
    from mutants import drawn

    suites = tomllib.loads((HERE / "suites.toml").read_text(encoding="utf-8"))
    for path, tests in suites.items():
        if options.only not in path:
            continue
        chosen = list(drawn(path, options.each, options.seed))
        todo = [m for m in chosen if done.get(m.key) == ("survived" if options.again else None)]
        if todo:
            try_all(todo, tests, done, options.limit)
    report(done, options.seed)


def try_all(mutants: list, tests: list[str], done: dict[str, str], limit: float | None) -> None:
    """Tests pass on the code as it is; then each mutant gets five times as long and half a minute more."""
    from trial import SURVIVED, outcome

    print(mutants[0].path, flush=True)
    if limit is None:
        status, seconds = outcome(tests, 1800)
        if status != SURVIVED:
            sys.exit(f"{' '.join(tests)}: pytest ends with {status} on the code as it is")
        limit = 5 * seconds + 30
    for mutant in mutants:
        status, _ = outcome(tests, limit, mutant.path, mutant.code)
        word = {0: "survived", 1: "killed", 2: "killed at import", -1: "out of time"}.get(status, f"status {status}")
        done[mutant.key] = word
        with LOG.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"key": mutant.key, "outcome": word, "line": mutant.line}) + "\n")
        print(f"  {word:16} {mutant.line:4} {mutant.before} → {mutant.after}", flush=True)


def logged() -> dict[str, str]:
    """The last outcome of each mutant tried before."""
    lines = LOG.read_text(encoding="utf-8").splitlines() if LOG.exists() else []
    return {entry["key"]: entry["outcome"] for entry in map(json.loads, lines)}


def report(outcomes: dict[str, str], seed: int) -> None:
    """A row a module, the sum, and the survivors."""
    equivalent = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    suites = tomllib.loads((HERE / "suites.toml").read_text(encoding="utf-8"))
    rows, left = {}, []
    for key, outcome in outcomes.items():
        row = rows.setdefault(key.partition(": ")[0], {"drawn": 0, "equivalent": 0, "killed": 0})
        row["drawn"] += 1
        if outcome != "survived":
            row["killed"] += 1
        elif key in equivalent:
            row["equivalent"] += 1
        else:
            left.append(key)
    sums = {name: sum(row[name] for row in rows.values()) for name in ("drawn", "equivalent", "killed")}
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    score = sums["killed"] / max(1, sums["drawn"] - sums["equivalent"])
    at_import = sum(outcome == "killed at import" for outcome in outcomes.values())
    late = sum(outcome == "out of time" for outcome in outcomes.values())
    lines = [
        "# Mutation testing",
        "",
        f"As `python benchmarks/mutation/run.py` wrote it, at commit {commit} with seed {seed}: **{score:.1%}** of "
        f"{sums['drawn']} mutants, {sums['equivalent']} of which mean the same and do not count, were killed; "
        f"{at_import} of them as soon as they were imported, {late} by taking too long. The sample has reached "
        f"{len(rows)} of the {len(suites)} modules in benchmarks/mutation/suites.toml.",
        "",
        "| module | mutants | equivalent | killed |",
        "|---|---|---|---|",
        *(f"| `{path}` | {row['drawn']} | {row['equivalent']} | {row['killed']} |" for path, row in rows.items()),
        f"| **all** | {sums['drawn']} | {sums['equivalent']} | {sums['killed']} |",
        "",
        "## Survivors",
        "",
        *([f"- `{key}`" for key in left] or ["None."]),
        "",
        "## Equivalent",
        "",
        *(
            f"- `{key}`: {equivalent[key]}"
            for key, outcome in outcomes.items()
            if key in equivalent and outcome == "survived"
        ),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{score:.1%} of {sums['drawn']} mutants, {sums['equivalent']} equivalent, {len(left)} survivors: {REPORT}")


if __name__ == "__main__":
    main()
