"""The results that are kept: they reach what they are said to, and the page is what their summaries make."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import theory
from ufm_networks.experiments import catalogue, read_experiment
from ufm_networks.reproduction import write_overview

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results"


def summaries_in(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/summary.json")}


SUMMARIES = summaries_in(RESULTS)
MNIST = summaries_in(RESULTS / "mnist-5000")
SNC = ("SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC4", "SNC5")


def test_features_free_of_the_final_relu_collapse_in_every_metric() -> None:
    rows = [row for row in SUMMARIES["multi-digits-2-2"]["rows"] if row["run"] == "no final ReLU"]
    assert {row["panel"] for row in rows} == {"feature decay", "weight decay"}
    for row in rows:
        assert row["samples"] == 800
        assert row["metrics"]["accuracy"]["last"]["values"] == [1.0, 1.0, 1.0]
        assert max(row["seconds"]) < 600
        for name in SNC:
            metric = row["metrics"][name]
            if metric["smallest_ratio"] is None:
                assert metric["last"]["values"] == [0.0, 0.0, 0.0]
            elif row["panel"] == "feature decay":
                assert metric["smallest_ratio"] >= 5, name
        if row["panel"] == "feature decay":
            assert max(row["metrics"]["SNC3"]["last"]["values"]) <= 0.1


@pytest.mark.parametrize("name", ["figure-3", "figure-60"])
def test_heads_of_correlated_tasks_lie_on_the_closed_form(name: str) -> None:
    rows = SUMMARIES[name]["cosines"]
    assert {200, 300, 380} <= {row["n_same"] for row in rows}
    for row in rows:
        assert row["samples"] == 800
        for product, measured in zip(row["lambda_product"], row["measured"], strict=True):
            expected = theory.task_correlation_cosine(row["n_same"], 400 - row["n_same"], product, 1.0)
            assert abs(measured - float(expected)) <= 0.1


@pytest.mark.parametrize(("name", "samples"), [("figure-60", 8000), ("figure-61", 18000)])
def test_heads_trained_on_mnist_lie_on_the_closed_form_at_the_papers_number_of_samples(name: str, samples: int) -> None:
    rows = MNIST[name]["cosines"]
    for row in rows:
        assert row["samples"] == samples
        for closed, measured in zip(row["closed_form"], row["measured"], strict=True):
            assert abs(measured - closed) <= (0.015 if row["classes"] == 2 or row["panel"] == "no final ReLU" else 0.03)
            if row["classes"] == 2:
                told = theory.task_correlation_cosine(row["n_same"], samples / 2 - row["n_same"], 0.2, 1.0)
                assert closed == pytest.approx(float(told), abs=1e-12)
    gaps = {(gap["panel"], gap["run"]): gap for gap in MNIST[name]["gaps"]}
    assert len(gaps) == len(rows)
    for (panel, _), gap in gaps.items():
        assert gap["features"]["mean"] > gap["label_means"]["mean"] > gap["read"]["mean"] > 0
        assert panel == "final ReLU" or gap["features"]["mean"] < 0.02


@pytest.mark.parametrize(("source", "summaries"), [("digits", SUMMARIES), ("mnist-5000", MNIST)])
def test_results_are_of_the_experiments_as_they_are(source: str, summaries: dict[str, dict[str, Any]]) -> None:
    entries = [entry for entry in catalogue(ROOT / "experiments") if entry.source == source]
    twins = {entry.name: read_experiment(entry.path) for entry in entries}
    for name, summary in summaries.items():
        experiment = twins[name]
        assert summary["title"] == experiment.figure.title
        told = {(row["panel"], row["run"]): row["epochs"] for row in summary["rows"]}
        if "--epochs" not in summary["command"]:
            assert told == {(plan.panel, plan.run): plan.config.train.epochs for plan in experiment.plans}


@pytest.mark.parametrize("folder", [RESULTS, RESULTS / "mnist-5000"])
def test_the_page_is_what_the_summaries_make(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    assert write_overview(tmp_path).read_text() == (folder / "README.md").read_text()
