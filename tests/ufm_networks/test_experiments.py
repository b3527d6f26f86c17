"""Experiment files: all that the paper shows is there, every file is sound, and what is wrong in one is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ufm_networks.datasets.compose import multi
from ufm_networks.datasets.compose.finish import Normalization
from ufm_networks.datasets.config import build_data
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.pairs import can_be_halved
from ufm_networks.datasets.source import Source
from ufm_networks.experiments import (
    Experiment,
    catalogue,
    catalogue_order,
    check_runs,
    find_experiment,
    read_experiment,
)
from ufm_networks.features.latent_metrics import COLUMNS
from ufm_networks.training.run import build_network
from verify._metrics import metrics

FOLDER = Path(__file__).resolve().parents[2] / "experiments"
# Section 5 and Appendix D.1 to D.8; Figures 1 and 5 are drawings
OF_THE_PAPER = {f"figure-{n}" for n in (2, 3, 4, *range(6, 66))} | {"table-3", "table-4"}
ENTRIES = catalogue(FOLDER)
PAPER = [entry for entry in ENTRIES if entry.source == ""]
TWINS = [entry for entry in ENTRIES if entry.source == "digits"]


def test_every_figure_and_table_is_there_and_has_a_twin() -> None:
    assert {entry.name for entry in PAPER} == OF_THE_PAPER | {"figure-2a", "multi-label"}
    assert {entry.name for entry in TWINS} >= OF_THE_PAPER | {"figure-2a", "multi-label"}


@pytest.fixture(scope="module")
def experiments() -> dict[tuple[str, str], Experiment]:
    """All files; reading them is already a test."""
    return {(entry.source, entry.name): read_experiment(entry.path) for entry in ENTRIES}


def data_tables(of: list[Experiment]) -> list[dict[str, Any]]:
    tables = {json.dumps(plan.config.data, sort_keys=True): plan.config.data for e in of for plan in e.plans}
    return list(tables.values())


def test_titles_name_their_file(experiments: dict[tuple[str, str], Experiment]) -> None:
    for (_, name), experiment in experiments.items():
        if name in OF_THE_PAPER:
            word, number = name.split("-")
            assert re.match(rf"{word.capitalize()} {number}\b", experiment.figure.title), name
        assert len({plan.folder for plan in experiment.plans}) == len(experiment.plans), name


def test_a_twin_draws_what_its_original_draws(experiments: dict[tuple[str, str], Experiment]) -> None:
    for name in OF_THE_PAPER:
        original, twin = experiments["", name], experiments["digits", name]
        assert (original.figure.kind, original.figure.metrics) == (twin.figure.kind, twin.figure.metrics), name
        assert twin.sources == ("digits",), name
        assert "digits" not in original.sources, name
        weightings = [{plan.config.train.weighting for plan in e.plans} for e in (original, twin)]
        assert weightings[0] == weightings[1], name


def test_data_of_the_twins_can_be_made(experiments: dict[tuple[str, str], Experiment]) -> None:
    """And each figure's metrics are those of its kind of data."""
    made = {}
    for table in data_tables([e for (source, _), e in experiments.items() if source == "digits"]):
        made[json.dumps(table, sort_keys=True)] = build_data(table)[0]
    for (source, name), experiment in experiments.items():
        if source != "digits":
            continue
        for plan in experiment.plans:
            data = made[json.dumps(plan.config.data, sort_keys=True)]
            problem: Any = data.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=1.0)
            d = max(problem.classes)
            W = [np.eye(k, d) for k in problem.classes]
            H = (
                [np.zeros((d, len(c))) for c in problem.counts]
                if data.kind == "multi"
                else np.zeros((d, len(problem.counts)))
            )
            known = set(metrics(problem, W=W, H=H)) | {"test_accuracy"}
            known |= set(COLUMNS) if plan.config.train.latent_metrics and can_be_halved(data) else set()
            assert set(experiment.figure.metrics) <= known, name


def test_data_of_the_paper_lack_nothing_but_files(
    experiments: dict[tuple[str, str], Experiment], tmp_path: Path
) -> None:
    for table in data_tables([e for (source, _), e in experiments.items() if source == ""]):
        with pytest.raises(FileNotFoundError, match=f"ufm data fetch {table['source']}"):
            build_data(table | {"directory": str(tmp_path / "none")})


def test_the_paper_settings_are_the_papers(experiments: dict[tuple[str, str], Experiment]) -> None:
    for (source, name), experiment in experiments.items():
        if source == "" and name not in {f"figure-{n}" for n in range(44, 60)}:
            for plan in experiment.plans:
                train = plan.config.train
                told = (train.epochs, train.batch_size, train.learning_rate, train.momentum, train.weight_decay)
                assert told == (500, 128, 0.1, 0.9, 5e-4), name
                assert plan.config.model.width == 64


def test_correlated_counts_have_the_papers_number_of_samples(experiments: dict[tuple[str, str], Experiment]) -> None:
    for number, K, N in ((3, 2, 8000), (60, 2, 8000), (61, 3, 18000), (62, 10, 50000)):
        counts = [plan.config.data["counts"] for plan in experiments["", f"figure-{number}"].plans]
        assert {K * c["same"] + K * (K - 1) * c["different"] for c in counts} == {N}
        assert any(c["same"] == c["different"] for c in counts)


def test_the_twins_on_mnist_5000_have_the_papers_number_of_samples(
    experiments: dict[tuple[str, str], Experiment],
) -> None:
    twins = {name: experiment for (source, name), experiment in experiments.items() if source == "mnist-5000"}
    assert set(twins) == {"figure-6", "figure-60", "figure-61", "weightings"}
    for name, K, N in (("figure-60", 2, 8000), ("figure-61", 3, 18000)):
        for plan in twins[name].plans:
            same, different = plan.config.data["counts"]["same"], plan.config.data["counts"]["different"]
            assert K * same + K * (K - 1) * different == N
            decay = plan.config.train.feature_decay
            assert decay is not None
            assert decay.lambda_H * decay.lambda_W < min(same, different) / K  # Theorem 5.1's hypothesis
    for name, twin in twins.items():
        assert twin.sources == ("mnist-5000",)
        for source in ("", "digits"):
            if (source, name) in experiments:
                assert twin.figure.kind == experiments[source, name].figure.kind
    check_runs(twins["figure-6"])


def test_long_tails_fall_from_500_samples_to_10(experiments: dict[tuple[str, str], Experiment]) -> None:
    """D.8, with as many images of each class as MNIST has."""
    labels = np.repeat(np.arange(10), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    pixels = ArrayImages(np.zeros((len(labels), 1, 1, 1), dtype=np.uint8))
    source = Source(name="mnist", images=pixels, labels=labels.astype(np.int64), class_names=tuple("0123456789"))
    asked = experiments["", "figure-64"].plans[0].config.data
    asked = {key: value for key, value in asked.items() if key not in ("source", "compose")}
    data = multi(source, **asked, normalization=Normalization((0.5,), (1.0,)))
    counts = np.unique(data.labels, axis=0, return_counts=True)[1]
    assert (counts.size, counts.max(), counts.min()) == (100, 500, 10)
    for own in experiments["", "figure-65"].plans[0].config.data["counts"]:
        assert (max(own), min(own)) == (500, 10)


def test_fixed_heads_have_as_many_dimensions_as_classes(experiments: dict[tuple[str, str], Experiment]) -> None:
    plans = [plan for plan in experiments["digits", "table-3"].plans if plan.config.model.heads != "learned"]
    assert len(plans) == 36
    data, _ = build_data(plans[0].config.data)
    network = build_network(plans[0].config, data)
    assert network.feature_dim == sum(data.classes)


TEXT = """
[figure]
title = "Two lines"
kind = "curves"
metrics = ["SNC1"]
seeds = [0, 5]
[data]
source = "digits"
compose = "multi"
p = 2
q = 2
[train]
epochs = 3
[[panels]]
name = "a"
data.q = 3
[[panels]]
name = "b"
[[runs]]
name = "narrow"
model.width = 4
[[runs]]
name = "narrow too"
model.width = 4
train.epochs = 7
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_runs_go_over_panels_over_shared_tables(tmp_path: Path) -> None:
    plans = read_experiment(written(tmp_path, TEXT)).plans
    told = [(p.panel, p.run, p.seed, p.config.data["q"], p.config.train.epochs, p.config.train.seed) for p in plans]
    assert told == [
        (panel, run, seed, q, epochs, seed)
        for panel, q in (("a", 3), ("b", 2))
        for run, epochs in (("narrow", 3), ("narrow too", 7))
        for seed in (0, 5)
    ]


def test_a_folder_belongs_to_what_decides_the_result(tmp_path: Path) -> None:
    experiment = read_experiment(written(tmp_path, TEXT))
    folders = [plan.folder for plan in experiment.plans]
    assert [plan.folder for plan in experiment.changed(device="cpu", directory="elsewhere").plans] == folders
    assert not set(folders) & {plan.folder for plan in experiment.changed(epochs=4).plans}
    assert [plan.seed for plan in experiment.changed(seeds=(8,)).plans] == [8] * 4
    # the digits after the names leave the seed out: seeds of one run differ in it alone
    assert len({folder.rsplit("-", 2)[1] for folder in folders}) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[train]", "[trian]", r"mine\.toml.*table='trian'.*'train'"),
        ("metrics =", "metrcs =", "'metrics'"),
        ('kind = "curves"', 'kind = "curve"', "'curves'"),
        ("model.width = 4\n[[runs]]", "model.widht = 4\n[[runs]]", "'width'"),
        ('name = "narrow too"', 'name = "narrow"', "a name of its own"),
        ("seeds = [0, 5]", "seeds = [0, 0]", "every seed once"),
        ('metrics = ["SNC1"]', "metrics = []", "metrics is empty"),
        ('source = "digits"', "", r"no data\.source"),
        ('title = "Two lines"', "", "lacks title"),
        ("[[runs]]", "[[panels]]", r"\[\[runs\]\] is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match=message):
        read_experiment(written(tmp_path, TEXT.replace(old, new)))


def test_names_of_figures() -> None:
    for name in ("6", "figure-6", "Figure 6"):
        assert find_experiment(name, "", FOLDER) == FOLDER / "figure-6.toml"
    assert find_experiment("3c", "digits", FOLDER) == FOLDER / "digits" / "figure-3.toml"
    assert find_experiment("table-3", "", FOLDER) == FOLDER / "table-3.toml"
    for name, meant in (("figure-66", "figure-6"), ("66", "figure-6"), ("figre-6", "figure-6"), ("table3", "table-3")):
        with pytest.raises(ValueError, match=rf"figure='{name}' is not known; did you mean '{meant}"):
            find_experiment(name, "digits", FOLDER)
    assert find_experiment("60", "mnist-5000", FOLDER) == FOLDER / "mnist-5000" / "figure-60.toml"
    with pytest.raises(ValueError, match="figure='full-width' is there with --source digits only"):
        find_experiment("full-width", "", FOLDER)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('[[panels]]\nname = "a"\ndata.q = 3', '[[panels]]\nname = "a"\ndata = 3', "data must be a table .* got 3"),
        ("[figure]", "figure = 3\n[train.figure]", r"\[figure\] must be a table .* got 3"),
        ("[train]\nepochs = 3", "[[train]]\nepochs = 3", "train must be a table"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(TypeError, match=message):
        read_experiment(written(tmp_path, TEXT.replace(old, new)))


def test_figures_are_in_the_order_of_their_numbers() -> None:
    names = ["weightings", "table-4", "figure-61", "figure-10", "multi-label", "figure-2a", "figure-3", "figure-2"]
    assert sorted(names, key=catalogue_order) == [
        "figure-2", "figure-2a", "figure-3", "figure-10", "figure-61", "table-4", "multi-label", "weightings"
    ]  # fmt: skip
