"""``ufm reproduce`` where something is missing: what is not defined, not measured, or of an earlier file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_reproduce import FOLDER, RUNS, SHARED, rows_of, summary_of, written
from toy_data import tables, toy

import theory
from ufm_networks.cli.reproduce_command import Reproduce
from ufm_networks.experiments import FinishedRun, find_experiment, read_experiment, train_experiment
from ufm_networks.experiments.measured_names import measured_names
from ufm_networks.reproduction import cosines, decoding, gaps, reproduce, write
from ufm_networks.reproduction.curves import curve
from ufm_networks.training import train


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


UNDEFINED = """
[data]
source = "digits"
compose = "cross"
radices = [3]
samples = 60
replacement = true
balanced = true
[model]
width = 2
[train]
epochs = 2
device = "cpu"
[[runs]]
name = "one task"
[[runs]]
name = "without test data"
data.test = false
"""


def test_what_is_not_defined_or_not_measured_is_a_gap_and_no_number(here: Path) -> None:
    """SNC3 of one task is NaN, which JSON has not, and a run without test data has no test accuracy."""
    path = written(here, "gaps", 'kind = "curves"\nmetrics = ["SNC3", "loss"]', UNDEFINED)
    assert Reproduce(str(path)).run() == 0
    made = here / "reproduced" / "gaps"
    assert "NaN" not in (made / "summary.json").read_text()
    first, second = summary_of(made)["rows"]
    told = first["metrics"]["SNC3"]
    assert told["last"] == told["first"] == {"values": [None, None], "mean": None, "spread": None}
    assert told["smallest_ratio"] is None
    assert "test_accuracy" not in second["metrics"]
    table = (made / "table.md").read_text()
    assert table.count("| – → – |") == 2
    assert "nan" not in table
    loss = first["metrics"]["loss"]["last"]
    assert f"| {loss['mean']:.3g} ± {loss['spread']:.2g} |" in table  # no percentage
    rows = rows_of(made)
    assert list(rows[0]) == ["panel", "run", "seed", "epoch", "loss", "accuracy", "test_accuracy", "SNC3"]
    assert [row["test_accuracy"] == "" for row in rows] == [False] * 4 + [True] * 4


def test_seeds_measured_at_other_epochs_share_those_that_all_have(here: Path) -> None:
    """Finished runs are not repeated, and how often they are measured does not make them other runs."""
    figure = 'kind = "curves"\nmetrics = ["SNC1"]'
    often = written(here, "often", figure)
    rarely = written(here, "rarely", figure, SHARED.replace("epochs = 3", "epochs = 4\nmetrics_every = 2") + RUNS)
    often.write_text(often.read_text().replace("epochs = 3", "epochs = 4"))
    assert Reproduce(str(rarely), seeds=(0,)).run() == 0
    assert Reproduce(str(often)).run() == 0
    finished = train_experiment(read_experiment(often), here / "runs" / "reproduce")
    epochs, values = curve(finished[:2], "SNC1")
    assert epochs.tolist() == [1, 2, 4]
    assert values[1].tolist() == [finished[1].run.history[epoch - 1]["SNC1"] for epoch in (1, 2, 4)]


def test_figures_of_an_earlier_kind_of_the_file_are_gone(here: Path) -> None:
    path = written(here, "mine", 'kind = "curves"\nmetrics = ["SNC1"]')
    assert Reproduce(str(path), seeds=(0,), epochs=1).run() == 0
    assert (here / "reproduced" / "mine" / "figure.png").exists()
    path.write_text(path.read_text().replace('kind = "curves"', 'kind = "table"'))
    assert Reproduce(str(path), seeds=(0,), epochs=1).run() == 0
    assert not list((here / "reproduced").rglob("figure.*"))
    assert "figure.png" not in (here / "reproduced" / "README.md").read_text()
    (here / "reproduced" / "mine" / "report").mkdir()
    (here / "reproduced" / "mine" / "report" / "measure.html").write_text("of an earlier kind")
    assert Reproduce(str(path), seeds=(0,), epochs=1).run() == 0
    assert "measure.html" not in (here / "reproduced" / "README.md").read_text()


def test_heads_that_the_lambdas_make_zero_have_no_closed_form(here: Path) -> None:
    counts = "counts = { same = 15, different = 5 }"
    shared = SHARED.replace("samples = 40", counts).replace("balanced = true\n", "").replace("epochs = 3", "epochs = 1")
    decay = "learning_rate = 0.001\nfeature_decay = { lambda_H = 10.0, lambda_W = 10.0, lambda_b = 1.0 }\n"
    path = written(here, "strong", 'kind = "cosine"', f'{shared}{decay}[[runs]]\nname = "zero"\n')
    assert Reproduce(str(path)).run() == 0
    made = here / "reproduced" / "strong"
    (row,) = summary_of(made)["cosines"]
    assert row["closed_form"] == [None, None]
    assert row["largest_difference"] is None
    assert all(isinstance(value, float) for value in row["measured"])
    lines = (made / "table.md").read_text().splitlines()
    assert lines[4].startswith("| run | n¹¹ |")  # and no column of panels, for there are none
    assert lines[6].startswith("| zero | 15 | 100 |")
    assert lines[6].endswith("| – | – |")


@pytest.mark.parametrize("kind", ["single", "multi", "multilabel"])
def test_names_told_before_training_are_those_that_are_measured(kind: str) -> None:
    changes: dict[str, Any] = {"feature_decay": {"lambda_H": 1e-2, "lambda_W": 0.3, "lambda_b": 0.3}}
    for test, train_changes in ((toy(kind, seed=1), {}), (None, changes)):
        run = train(tables(epochs=1, **train_changes), data=toy(kind), test=test)
        assert measured_names(run.config, run.data, run.test) == list(run.history[0])


@pytest.mark.parametrize("kind", ["report", "cosine", "decoding", "gaps"])
def test_runs_are_measured_where_they_were_trained(kind: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not on the CPU whatever they were trained on: the default of what measures them."""
    asked = []

    def stopped(_run: Any, *, device: str, **_: Any) -> None:
        asked.append(device)
        raise KeyboardInterrupt

    for module in (write, gaps):
        monkeypatch.setattr(module, "measure_run", stopped)
    monkeypatch.setattr(decoding, "decoding_accuracy", stopped)
    figure = 'kind = "table"\nmetrics = ["SNC1"]\ngaps = true' if kind == "gaps" else f'kind = "{kind}"'
    experiment = read_experiment(written(here, "mine", figure, SHARED + RUNS))
    plan = experiment.changed(device="cuda:1").plans[0]
    untrained = FinishedRun(plan, train(plan.config.replaced(epochs=1, device="cpu")))
    with pytest.raises(KeyboardInterrupt):
        reproduce(replace(experiment, plans=(plan,)), [untrained], here / "out", "")
    assert asked == ["cuda:1"]


def test_the_closed_form_is_a_band_where_runs_differ_in_their_lambdas(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(cosines, "figure_file", lambda _name, figure, *_: drawn.append(figure))
    experiment = read_experiment(find_experiment("3", "digits", FOLDER))
    row = {"classes": 2, "samples": 800, "n_same": 300.0, "mean": 0.3, "spread": 0.01}
    for products, bands, told in (([0.02, 0.02], 0, "= 0.02"), ([0.02, 0.001], 1, "= 0.001 to 0.02")):
        rows = [row | {"panel": panel, "lambda_product": products} for panel in experiment.panels]
        cosines.cosines_file(experiment, rows)
        axes = drawn[-1].axes[0]
        (line,) = [line for line in axes.lines if line.get_label().endswith(told)]
        middle = theory.task_correlation_cosine(300, 100, np.sqrt(np.prod(products)), 1.0)
        assert np.interp(300, *line.get_data()) == pytest.approx(float(middle), abs=1e-3)
        fills = [part for part in axes.collections if part.get_alpha() == 0.15]
        assert len(fills) == bands
        for fill in fills:
            ends = [float(theory.task_correlation_cosine(300, 100, product, 1.0)) for product in products]
            near = fill.get_paths()[0].vertices
            near = near[np.abs(near[:, 0] - 300) < 1.1][:, 1]
            assert (near.min(), near.max()) == pytest.approx((min(ends), max(ends)), abs=5e-3)
