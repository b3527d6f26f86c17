"""
A phase diagram
===============

How many dimensions do the heads of two correlated binary tasks fill? Two below all thresholds; one, with
parallel or opposite heads, once the rarer pairs of labels are past their threshold; none past both. A sweep
solves and certifies a grid of problems and writes one table. The lines are the boundaries that theory
predicts.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import verify

study = {
    "problem": {
        "classes": [2, 2],
        "counts": "correlated",
        "n_different": 10,
        "lambda_H": 1,
        "lambda_b": 1e-3,
    },
    "axes": {
        "n_same": {"low": 1, "high": 100, "points": 12},
        "lambda_W": {"low": 0.1, "high": 100, "points": 14},
    },
}
table = Path(tempfile.mkdtemp()) / "study.parquet"
verify.sweep(study, table)

with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    verify.plot.phase_diagram(table, ax=axes)

# %%
# The table has a row for every problem, with its certificate and the theoretical prediction:

rows = pd.read_parquet(table)
print(rows.groupby(["rank", "regime"]).size())
assert (rows["verdict"] == "global minimum").all()
assert set(rows["rank"]) == {0, 1, 2}

plt.show()
