"""``ufm measure``: the report, what it says, and what it refuses before any work."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from toy_data import tables, toy

from ufm_networks.cli.measure_command import Measure
from ufm_networks.measuring import measure_run, open_run
from ufm_networks.report import compare_run, write_networks_report
from ufm_networks.report.write import distinct_names
from ufm_networks.training import load_run, read_config, train
from verify.certification.certificate import GLOBAL
from verify.report import figure_files

EMPTY = b'<svg viewBox="0 0 1 1"/>'
drawn = figure_files._drawn

DATA: dict[str, Any] = {"source": "digits", "compose": "multi", "p": 2, "q": 2, "replacement": True, "test_samples": 40}
DECAYS = {
    "even": ({"same": 12, "different": 12}, {"feature_decay": {"lambda_H": 1e-2, "lambda_W": 0.3, "lambda_b": 0.3}}),
    "tilted": ({"same": 18, "different": 6}, {"weight_decay": 1e-2}),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs of two epochs."""
    made = {}
    for name, (counts, decay) in DECAYS.items():
        made[name] = tmp_path_factory.mktemp("runs") / name
        train({"data": DATA | {"counts": counts}, **tables(epochs=2, **decay)}, made[name])
    return made


@pytest.fixture(scope="module")
def report(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("measured")
    (output / "figures").mkdir()
    (output / "figures" / "run-9-heads.png").write_bytes(b"of an earlier report")
    (output / "figures" / "mine.png").write_bytes(b"of the user")
    with pytest.MonkeyPatch.context() as patch:  # one format is enough to see that figures are drawn
        patch.setattr(figure_files, "_drawn", lambda figure, kind: drawn(figure, kind) if kind == "png" else EMPTY)
        assert Measure(tuple(folders.values()), output=output, device="cpu", samples=40).run() == 0
    return output


class Links(HTMLParser):
    """Everything a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.figures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]
        self.figures += [value or "" for name, value in attrs if name == "class" and str(value).startswith("sheet")]


def test_the_page_needs_no_other_file_and_figures_are_there_besides(report: Path) -> None:
    text = (report / "measure.html").read_text()
    links = Links()
    links.feed(text)
    assert links.sources
    assert all(source.startswith(("#", "data:image/png;base64,")) or source == "data:," for source in links.sources)
    names = {path.name for path in (report / "figures").iterdir()}
    stems = {
        f"run-{i}-{what}" for i in (1, 2) for what in ("heads", "latent-training", "latent-test", "maps", "features")
    }
    stems |= {"training-single", "correlation-1"}
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")} | {"mine.png"}
    assert len(links.figures) == len(stems)
    linked = re.findall(r"\(figures/([^)]*)\)", (report / "measure.md").read_text())
    assert set(linked) == {f"{stem}.png" for stem in stems}
    assert not list(report.rglob("*.part"))
    for path in (report / "figures").glob("run-*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_numbers_are_those_of_the_comparison(report: Path, folders: dict[str, Path]) -> None:
    runs = json.loads((report / "measure.json").read_text())["runs"]
    assert [run["run"] for run in runs] == ["even", "tilted"]
    for run, folder in zip(runs, folders.values(), strict=True):
        of = compare_run(measure_run(folder, samples=40))
        (gap,) = of.gaps
        assert run["gaps"][0]["points"][0]["objective"] == gap.stages[0].objective
        assert run["gaps"][0]["optimum"]["verdict"] == GLOBAL
        assert run["heads"]["mean_difference"] == of.heads.mean_difference
        assert [row["epoch"] for row in run["history"]] == [1, 2]
        assert run["correlation"]["optimum"] == pytest.approx(run["correlation"]["closed_form"], abs=1e-6)
        assert len(run["embedding"]["tsne"]) == 40
        text = (report / "measure.md").read_text().replace("\\", "")
        assert f"{gap.stages[0].objective:.12g}" in text
    assert [run["model"]["exact"] for run in runs] == [True, False]


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_what_a_last_relu_changes(folders: dict[str, Path], tmp_path: Path) -> None:
    pages = {}
    for relu in (True, False):
        run = train(tables({"final_relu": relu}, epochs=1, **DECAYS["even"][1]), data=toy())
        page = write_networks_report([compare_run(measure_run(run, samples=10))], tmp_path / str(relu))
        pages[relu] = page.read_text()
    assert "are ≥ 0, as after a ReLU, which the model does not know" in pages[True]
    assert "have no last ReLU and may be negative" in pages[False]


@pytest.mark.parametrize("kind", ["multi", "multilabel"])
@pytest.mark.usefixtures("undrawn")
def test_other_kinds_of_data_are_reported(kind: str, tmp_path: Path) -> None:
    run = train(tables(epochs=2), data=toy(kind))
    page = write_networks_report([compare_run(measure_run(run, samples=20))], tmp_path)
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {
        f"training-{kind}",
        "run-1-heads",
        "run-1-features",
    }
    assert "λ_H in effect" in page.with_suffix(".md").read_text().replace("\\", "")


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_a_model_is_reported_too(tmp_path: Path) -> None:
    model = {"heads": "orthogonal_etf", "feature_dim": 5}
    run = train(tables(model, epochs=1, loss="dot_regression"), data=toy())
    page = write_networks_report([compare_run(measure_run(run, samples=10))], tmp_path)
    assert "no model to compare with" in page.read_text()
    assert json.loads((tmp_path / "measure.json").read_text())["runs"][0]["gaps"] == []


def test_names_are_told_apart() -> None:
    assert distinct_names(["a", "b", "a"]) == ["a (1)", "b", "a (2)"]
    with pytest.raises(ValueError, match="at least one"):
        write_networks_report([], "nowhere")
    assert not Path("nowhere").exists()


def damaged(folder: Path, how: str) -> None:
    metrics = folder / "metrics.csv"
    lines = metrics.read_text().splitlines()
    if how == "no config":
        (folder / "config.toml").unlink()
    elif how == "no checkpoint":
        (folder / "checkpoint.pt").unlink()
    elif how == "another model":
        text = (folder / "config.toml").read_text()
        (folder / "config.toml").write_text(text.replace("width = 4", "width = 6"))
    elif how.startswith("edited"):
        old, new = ("lambda_H = ", "lambda_H = 1") if how == "edited λ" else ("same = ", "same = 1")
        text = (folder / "config.toml").read_text()
        assert old in text
        (folder / "config.toml").write_text(text.replace(old, new))
    elif how == "cut checkpoint":
        whole = (folder / "checkpoint.pt").read_bytes()
        (folder / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    elif how == "metrics of bytes":
        metrics.write_bytes(b"\xff\xfe\x00\x01")
    elif how == "metrics of words":
        column = lines[0].split(",").index("SNC1")
        cells = lines[2].split(",")
        cells[column] = "small"
        metrics.write_text("\n".join([*lines[:2], ",".join(cells)]))
    elif how == "metrics of another run":
        metrics.write_text("\n".join([lines[0], lines[2], lines[1]]))
    elif how == "cut metrics":
        metrics.write_text("\n".join(lines[:2]))


REFUSALS = {
    "no config": (FileNotFoundError, "has no config.toml"),
    "no checkpoint": (FileNotFoundError, "has no checkpoint.pt"),
    "another model": (ValueError, r"is of another run: model.width \(4 there, 6 here\); put config.toml back"),
    "edited λ": (ValueError, r"is of another run: train.feature_decay"),
    "edited counts": (ValueError, r"is of another run: data.samples"),
    "cut checkpoint": (ValueError, "cannot be used"),
    "metrics of bytes": (ValueError, r"metrics .* cannot be used: it is not a CSV file"),
    "metrics of words": (ValueError, r"metrics .* line 3, SNC1 = 'small' is not a number"),
    "metrics of another run": (ValueError, r"metrics .* line 2, epoch = 2, in the checkpoint 1"),
    "cut metrics": (ValueError, r"metrics .* it has 1 epochs, the checkpoint 2"),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_damaged_runs_are_named_before_any_work(how: str, folders: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folders["even"], copy)
    damaged(copy, how)
    kind, message = REFUSALS[how]
    output = tmp_path / "measured"
    with pytest.raises(kind, match=message):
        Measure((folders["tilted"], copy), output=output, device="cpu").run()
    assert not list(output.rglob("*.*"))


def test_without_metrics_csv_the_checkpoint_tells_the_same(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folders["even"], copy)
    (copy / "metrics.csv").unlink()
    assert open_run(copy).history == load_run(folders["even"]).history


def test_bad_arguments_are_refused_by_name(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs the folder of a run"):
        Measure((), output=tmp_path / "a").run()
    with pytest.raises(ValueError, match="--samples"):
        Measure((folders["even"],), output=tmp_path / "a", samples=1).run()
    with pytest.raises(ValueError, match=r"device='cuda:77' is not available"):
        Measure((folders["even"],), output=tmp_path / "a", device="cuda:77").run()
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file; name a folder"):
        Measure((folders["even"],), output=tmp_path / "file").run()


def test_a_history_that_is_none_is_refused(folders: dict[str, Path]) -> None:
    run = load_run(folders["even"])
    good = run.history
    for rows, message in (
        ([], "has no epoch"),
        (good[1:], "row 1 is not of epoch 1"),
        ([good[0] | {"SNC1": "small"}], "SNC1 of epoch 1 is not a number"),
    ):
        run.history = rows  # type: ignore[assignment]
        with pytest.raises(ValueError, match=message):
            open_run(run)


def test_measuring_leaves_the_run_as_it_is(folders: dict[str, Path]) -> None:
    before = {path.name: path.read_bytes() for path in folders["even"].iterdir() if path.is_file()}
    run = load_run(folders["even"])
    weights = {name: value.clone() for name, value in run.network.state_dict().items()}
    measure_run(run, samples=10)
    assert all(value.equal(weights[name]) for name, value in run.network.state_dict().items())
    assert not run.network.training
    assert before == {path.name: path.read_bytes() for path in folders["even"].iterdir() if path.is_file()}
    assert read_config(folders["even"] / "config.toml") == run.config
