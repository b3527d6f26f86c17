"""``ufm reproduce``: tiny experiments end to end, what is shared, resumed and refused, and true tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theory
import ufm_networks
from ufm_networks.cli.reproduce_command import Reproduce
from ufm_networks.experiments import find_experiment, read_experiment, train_experiment
from ufm_networks.measuring import measure_run
from ufm_networks.training import load_run

FOLDER = Path(__file__).resolve().parents[2] / "experiments"
SHARED = """
[data]
source = "digits"
compose = "multi"
p = 2
q = 2
samples = 40
replacement = true
balanced = true
[model]
width = 2
[train]
epochs = 3
batch_size = 20
device = "cpu"
"""
RUNS = """
[[runs]]
name = "plain"
[[runs]]
name = "fixed heads"
model.heads = "orthogonal_etf"
model.feature_dim = "classes"
"""


def written(folder: Path, name: str, figure: str, rest: str = SHARED + RUNS) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'[figure]\ntitle = "{name}"\nseeds = [0, 1]\n{figure}\n{rest}')
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary_of(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return read


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_curves_end_to_end_and_a_second_figure_of_the_same_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    curves = written(here, "lines", 'kind = "curves"\nmetrics = ["SNC1", "SNC3"]')
    assert Reproduce(str(curves), output=here / "out").run() == 0
    assert "run 4 of 4: fixed heads, seed 1" in capsys.readouterr().out
    made = here / "out" / "lines"
    assert {p.name for p in made.iterdir()} == {
        "metrics.csv", "summary.json", "table.md", "figure.png", "figure.svg"
    }  # fmt: skip
    rows = rows_of(made)
    assert [(r["run"], r["seed"], r["epoch"]) for r in rows[:4]] == [("plain", "0", e) for e in "123"] + [
        ("plain", "1", "1")
    ]
    summary = summary_of(made)
    for row in summary["rows"]:
        own = [float(r["SNC1"]) for r in rows if r["run"] == row["run"] and r["epoch"] == "3"]
        told = row["metrics"]["SNC1"]
        assert told["last"]["values"] == pytest.approx(own, rel=1e-5)
        assert told["last"]["mean"] == pytest.approx(np.mean(own), rel=1e-5)
        assert told["last"]["spread"] == pytest.approx(abs(own[0] - own[1]) / np.sqrt(2), rel=1e-4)
        firsts = [float(r["SNC1"]) for r in rows if r["run"] == row["run"] and r["epoch"] == "1"]
        assert told["smallest_ratio"] == pytest.approx(min(np.divide(firsts, own)), rel=1e-4)
    overview = (here / "out" / "README.md").read_text()
    assert "![lines" in overview
    assert (made / "table.md").read_text().strip() in overview

    folders = sorted((here / "runs" / "reproduce").iterdir())
    before = {f: (f / "checkpoint.pt").stat().st_mtime_ns for f in folders}
    table = written(here, "table", 'kind = "table"\nmetrics = ["test_accuracy"]\nparameters = true')
    assert Reproduce(str(table), output=here / "out").run() == 0
    assert {f: (f / "checkpoint.pt").stat().st_mtime_ns for f in (here / "runs" / "reproduce").iterdir()} == before
    text = (here / "out" / "table" / "table.md").read_text()
    counts = [row["trained_parameters"] for row in summary_of(here / "out" / "table")["rows"]]
    assert counts[1] < counts[0]
    assert f"| {counts[0]:,} | {counts[1]:,} |" in text
    assert (here / "out" / "README.md").read_text().count("\n## ") == 2


@pytest.mark.usefixtures("undrawn")
def test_cosines_are_held_against_the_closed_form_at_the_lambdas_of_the_runs(here: Path) -> None:
    runs = "".join(
        f'\n[[runs]]\nname = "{n}"\ndata.counts = {{ same = {n}, different = {20 - n} }}\n' for n in (10, 17)
    )
    shared = SHARED.replace("samples = 40\n", "").replace("balanced = true\n", "")
    decay = "feature_decay = { lambda_H = 0.01, lambda_W = 0.5, lambda_b = 0.5 }\n"
    path = written(here, "cosines", 'kind = "cosine"', shared + decay + runs)
    assert Reproduce(str(path), output=here / "out", seeds=(3,)).run() == 0
    rows = summary_of(here / "out" / "cosines")["cosines"]
    assert [row["n_same"] for row in rows] == [10, 17]
    for row in rows:
        expected = theory.task_correlation_cosine(row["n_same"], 20 - row["n_same"], 0.01, 0.5)
        assert row["closed_form"] == pytest.approx([float(expected)], abs=1e-12)
        assert row["lambda_product"] == pytest.approx([0.005])
    experiment = read_experiment(path).changed(seeds=(3,))
    for row, plan in zip(rows, experiment.plans, strict=True):
        W, _ = load_run(here / "runs" / "reproduce" / plan.folder).network.head_arrays()
        both = [w.numpy() / np.linalg.norm(w, axis=1, keepdims=True) for w in W]
        assert row["measured"] == pytest.approx([np.mean(np.sum(both[0] * both[1], axis=1))])


@pytest.mark.usefixtures("undrawn")
def test_gaps_and_their_causes_are_told_of_runs_with_a_model(here: Path) -> None:
    """From the sums that the network's features leave, written out; frozen heads under weight decay have no model."""
    path = written(here, "lines", 'kind = "curves"\nmetrics = ["SNC1"]\ngaps = true')
    assert Reproduce(str(path), seeds=(0,), epochs=1).run() == 0
    (row,) = summary_of(here / "reproduced" / "lines")["gaps"]
    assert row["run"] == "plain"
    (folder,) = (here / "runs" / "reproduce").glob("plain-*")
    point = measure_run(load_run(folder), device="cpu", samples=10).point
    counts, means, squared = point.counts[0], point.means[0], point.squared_features[0]
    assert row["offset"]["mean"] == pytest.approx(np.sum((means @ counts) ** 2) / counts.sum() / squared, rel=1e-6)
    assert row["spread"]["mean"] == pytest.approx(1 - counts @ np.sum(means**2, axis=0) / squared, rel=1e-5)
    rows = np.concatenate(list(point.W))
    read = np.linalg.lstsq(rows, rows @ means)[0]  # the least means with the same logits
    assert row["not_read"]["mean"] == pytest.approx(counts @ np.sum((means - read) ** 2, axis=0) / squared, rel=1e-5)
    assert row["features"]["mean"] > row["label_means"]["mean"] > row["read"]["mean"] > 0
    table = (here / "reproduced" / "lines" / "table.md").read_text()
    assert f"| plain | {row['features']['mean']:.2g} | {row['label_means']['mean']:.2g} |" in table


@pytest.mark.usefixtures("undrawn")
def test_an_interrupted_experiment_goes_on_where_it_ended(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(here, "lines", 'kind = "curves"\nmetrics = ["SNC1"]')
    whole = train_experiment(read_experiment(path).changed(epochs=1), here / "whole")
    calls = []
    train = ufm_networks.experiments.training.train

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    monkeypatch.setattr(ufm_networks.experiments.training, "train", interrupted)
    assert Reproduce(str(path), output=here / "out", epochs=1).run() == 130
    assert not (here / "out" / "lines").exists()
    assert Reproduce(str(path), output=here / "out", epochs=1).run() == 0
    rows = rows_of(here / "out" / "lines")
    expected = [row["SNC1"] for of in whole for row in of.run.history]
    assert [float(row["SNC1"]) for row in rows] == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures("undrawn")
def test_all_of_a_source_are_one_command(here: Path) -> None:
    """Checked before the first is trained; what is finished is not trained again."""
    twins = here / "experiments" / "digits"
    twins.mkdir(parents=True)
    written(twins, "figure-6", 'kind = "curves"\nmetrics = ["SNC1"]')
    wrong = written(twins, "table-1", 'kind = "table"\nmetrics = ["SNC9"]')
    with pytest.raises(ValueError, match="'SNC9' is not measured"):
        Reproduce("all", source="digits", seeds=(0,), epochs=1).run()
    assert not (here / "runs").exists()
    wrong.unlink()
    written(twins, "table-1", 'kind = "table"\nmetrics = ["SNC3"]')
    written(here / "experiments", "figure-7", 'kind = "curves"\nmetrics = ["SNC1"]')  # of another source
    assert Reproduce("all", source="digits", seeds=(0,), epochs=1).run() == 0
    assert sorted(path.name for path in (here / "reproduced").iterdir()) == ["README.md", "figure-6", "table-1"]
    assert summary_of(here / "reproduced" / "table-1")["command"] == (
        "ufm reproduce table-1 --source digits --seeds 0 --epochs 1"
    )
    timed = {path: path.read_text() for path in (here / "runs").rglob("metrics.csv")}  # seconds are among its columns
    assert Reproduce("all", source="digits", seeds=(0,), epochs=1).run() == 0
    assert len(timed) == 2
    assert timed == {path: path.read_text() for path in timed}


def test_without_the_data_set_the_error_says_what_to_do(here: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"ufm data fetch mnist.*--source digits"):
        Reproduce("6", experiments=FOLDER).run()
    with pytest.raises(
        FileNotFoundError, match=r"needs data sets: cifar10, mnist\. mnist: .*fetch mnist --dir mine'\."
    ):
        Reproduce("6", experiments=FOLDER, directory=Path("mine")).run()
    assert not (here / "runs").exists()


def test_what_cannot_be_drawn_is_refused(here: Path) -> None:
    curves = written(here, "lines", 'kind = "curves"\nmetrics = ["MNC1"]')
    with pytest.raises(ValueError, match=r"'MNC1' is not measured in plain, seed 0: .*SNC1"):
        Reproduce(str(curves), seeds=(0,), epochs=1).run()
    with pytest.raises(ValueError, match="--list"):
        Reproduce().run()


@pytest.mark.parametrize(
    ("figure", "old", "new", "message"),
    [
        ('kind = "cosine"', "", "", r"run 'fixed heads': kind='cosine' .*heads='orthogonal_etf'"),
        ('kind = "cosine"', "q = 2\nsamples = 40", "q = 3\nsamples = 60", "run 'plain': .*'multi-digits-2-3'"),
        ('kind = "cosine"', "balanced = true", "long_tailed = 0.1", "run 'plain': .*two tasks of equally many"),
        ('kind = "cosine"', "epochs = 3", "epochs = 3\nweight_decay = 0", "run 'plain': .*weight_decay=0"),
        ('kind = "decoding"', "", "", "run 'plain': kind='decoding' needs label sets .*'multi-digits-2-2'"),
        ('kind = "curves"\nmetrics = ["SNC9"]', "", "", "'SNC9' is not measured in plain, seed 0: .*SNC1"),
        ('kind = "table"\nmetrics = ["test_accuracy"]', "[model]", "test = false\n[model]", "'test_accuracy' is not"),
        ('kind = "report"', "samples = 40", "samples = 41", "run 'plain': samples=41"),
        ('kind = "report"', 'name = "fixed heads"', 'name = "wide"\ndata.p = 12', "run 'wide': p=12"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_any_training(
    figure: str, old: str, new: str, message: str, here: Path
) -> None:
    path = written(here, "mine", figure, (SHARED + RUNS).replace(old, new))
    with pytest.raises(ValueError, match=message):
        Reproduce(str(path)).run()
    assert [p.name for p in here.iterdir()] == ["mine.toml"]
    with pytest.raises(ValueError, match=message):
        train_experiment(read_experiment(path), here / "runs")
    assert not (here / "runs").exists()


def test_a_device_that_is_absent_is_refused_before_anything_is_made(here: Path) -> None:
    path = written(here, "mine", 'kind = "report"')
    with pytest.raises(ValueError, match="device='cuda:77' is not available"):
        Reproduce(str(path), device="cuda:77").run()
    assert [p.name for p in here.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[]"])
def test_folders_that_cannot_be_used_are_named_before_any_training(content: str, here: Path) -> None:
    path = written(here, "lines", 'kind = "curves"\nmetrics = ["SNC1"]')
    (here / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="'file' is a file"):
        Reproduce(str(path), runs=Path("file")).run()
    (here / "out" / "old").mkdir(parents=True)
    (here / "out" / "old" / "summary.json").write_text(content)
    with pytest.raises(ValueError, match=r"old/summary.json.*--output"):
        Reproduce(str(path), output=here / "out").run()
    assert not list((here / "runs").rglob("*.toml"))


@pytest.mark.usefixtures("undrawn")
def test_the_overview_leads_to_reports_whose_runs_have_the_file_s_names(here: Path) -> None:
    path = written(here, "both", 'kind = "report"')
    assert Reproduce(str(path), seeds=(0,), epochs=1).run() == 0
    assert "](both/report/measure.html)" in (here / "reproduced" / "README.md").read_text()
    told = json.loads((here / "reproduced" / "both" / "report" / "measure.json").read_text())
    assert [run["run"] for run in told["runs"]] == ["plain", "fixed heads"]


def test_the_list_has_every_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    assert Reproduce(list=True, experiments=FOLDER).run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(FOLDER.rglob("*.toml")))
    assert any(line.startswith("figure-6  --source digits") for line in lines)


@pytest.mark.usefixtures("undrawn")
def test_a_twin_of_the_paper_runs_as_it_is(here: Path) -> None:
    """One of 66; the others differ in their tables, which are read and whose data are made elsewhere."""
    path = find_experiment("65", "digits", FOLDER)
    text = path.read_text().replace("width = 8", "width = 1").replace('"resnet34"', '"resnet18"')
    (here / "experiments").mkdir()
    (here / "experiments" / "figure-65.toml").write_text(text.replace('"vgg13"', '"vgg11"'))
    assert Reproduce("65", epochs=1, seeds=(0,)).run() == 0
    table = (here / "reproduced" / "figure-65" / "table.md").read_text()
    assert table.count("\n") == 6
    assert "MNC2-1" in table
