"""Configurations: what is read is what is written, and what is wrong is named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
import torch
from hypothesis import given
from hypothesis import strategies as st

from ufm_networks.training import Config, FeatureDecay, read_config, train, ufm_lambdas


def test_defaults_are_the_paper_s() -> None:
    train = read_config({}).train
    assert (train.epochs, train.batch_size, train.learning_rate, train.final_learning_rate) == (500, 128, 0.1, 1e-3)
    assert (train.momentum, train.weight_decay, train.feature_decay) == (0.9, 5e-4, None)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"trian": {}}, "table='trian' is not known; did you mean 'train'"),
        ({"train": {"learning_rte": 0.1}}, "key of .train.='learning_rte' is not known; did you mean 'learning_rate'"),
        ({"model": {"widht": 3}}, "did you mean 'width'"),
        ({"model": {"backbone": "resnet20"}}, "backbone='resnet20' is not known; did you mean 'resnet"),
        ({"train": {"feature_decay": {"lambda_h": 1, "lambda_W": 1, "lambda_b": 1}}}, "did you mean 'lambda_H'"),
        ({"train": {"feature_decay": {"lambda_H": 1, "lambda_W": 1}}}, "feature_decay. lacks lambda_b"),
        ({"train": {"feature_decay": {"lambda_H": 0, "lambda_W": 1, "lambda_b": 1}}}, "feature_decay.lambda_H must be"),
        (
            {"train": {"weight_decay": 5e-4, "feature_decay": {"lambda_H": 1, "lambda_W": 1, "lambda_b": 1}}},
            "weight_decay=0.0005 and feature_decay are both given",
        ),
        ({"train": {"task_weights": [1, 2]}}, "weighting='fixed' needs task_weights"),
        ({"train": {"weighting": "fixed"}}, "weighting='fixed' needs task_weights"),
        ({"train": {"weighting": "unifrm"}}, "did you mean 'uniform'"),
        ({"train": {"loss": "crossentropy"}}, "did you mean 'cross-entropy'"),
        ({"train": {"epochs": 0}}, "epochs must be an integer ≥ 1"),
        ({"train": {"batch_size": 1}}, "batch_size must be an integer ≥ 2"),
        ({"train": {"learning_rate": -1}}, "learning_rate must be finite and > 0"),
        ({"train": {"final_learning_rate": 0.2}}, "final_learning_rate=0.2 must be at most learning_rate=0.1"),
        ({"train": {"momentum": 1.0}}, r"momentum must lie in \[0, 1\)"),
        ({"train": {"amp": "yes"}}, "amp must be true, false or 'auto'"),
        ({"model": {"final_relu": 1}}, "final_relu must be true, false, got 1"),
    ],
)
def test_refusals(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_config(tables)


@pytest.mark.parametrize(
    ("table", "key", "value", "error"),
    [
        ("train", "epochs", 0, ValueError),
        ("train", "seed", "1", TypeError),
        ("train", "momentum", -1, ValueError),
        ("train", "loss", "focal", ValueError),
        ("train", "task_weights", 3, TypeError),
        ("train", "latent_metrics", None, ValueError),
        ("model", "width", 2.5, ValueError),
        ("model", "feature_dim", "all", ValueError),
        ("model", "heads", "etf", ValueError),
        ("model", "bias", "no", ValueError),
    ],
)
def test_an_error_names_table_key_and_value(table: str, key: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^{table}\.{key}\b.*{value!r}"):
        read_config({table: {key: value}})


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_config(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("[train\n")
    with pytest.raises(ValueError, match="is not a TOML file"):
        read_config(tmp_path / "bad.toml")
    with pytest.raises(TypeError, match="must be a table"):
        read_config({"train": 3})


def test_written_configuration_reads_back(tmp_path: Path) -> None:
    config = read_config(
        {
            "data": {"source": "digits", "counts": [[1, 2], [3, 4]], "directory": 'a "quoted" \\ path'},
            "model": {"width": 16, "bias": False},
            "train": {"weighting": "fixed", "task_weights": [1.5, 1], "feature_decay": dict.fromkeys(LAMBDAS, 1e-3)},
        }
    )
    (tmp_path / "config.toml").write_text(tomli_w.dumps(config.tables()), encoding="utf-8")
    assert read_config(tmp_path / "config.toml") == config


def test_numbers_of_numpy_and_torch_are_python_s_in_a_configuration(tmp_path: Path) -> None:
    """A checkpoint holds them, and is read with ``weights_only``."""
    config = read_config(
        {
            "data": {"source": "digits", "counts": np.array([[1, 2], [3, 4]]), "p": np.int64(2), "directory": tmp_path},
            "model": {"width": np.int64(4), "feature_dim": 6.0},
            "train": {
                **dict.fromkeys(("learning_rate", "final_learning_rate", "weight_decay"), np.float64(0.25)),
                "momentum": np.float32(0.5),
                "weighting": "dwa",
                "weighting_options": {"temperature": torch.tensor(3.0)},
            },
        }
    )
    (tmp_path / "config.toml").write_text(tomli_w.dumps(config.tables()), encoding="utf-8")
    assert read_config(tmp_path / "config.toml") == config
    train = config.train
    assert {type(value) for value in (train.learning_rate, train.final_learning_rate, train.momentum)} == {float}
    assert type(train.weight_decay) is type(train.weighting_options["temperature"]) is float
    assert (type(config.model.width), type(config.model.feature_dim), type(config.data["p"])) == (int, int, int)
    assert config.data["counts"] == [[1, 2], [3, 4]]


def test_label_sets_that_are_tuples_become_the_keys_of_a_file() -> None:
    config = read_config({"data": {"compose": "multi_label", "counts": {1: 3, (0, 2): 5, (1,): 2}}})
    assert config.data["counts"] == {"1": 3, "0,2": 5, "1,": 2}


LAMBDAS = ("lambda_H", "lambda_W", "lambda_b")
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_any_table_reads_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(tomli_w.dumps({"data": table})) == {"data": table}


def test_lambdas_of_weight_decay() -> None:
    config = read_config({"train": {"weight_decay": 5e-4}})
    decay = ufm_lambdas(config, 800)
    assert decay.lambda_H is None
    assert (decay.lambda_W, decay.lambda_b, decay.reduction) == (0.2, 0.2, "sum")
    with pytest.raises(ValueError, match="without decay there is no λ"):
        ufm_lambdas(read_config({"train": {"weight_decay": 0}}), 800)
    weighted = read_config({"train": {"weighting": "fixed", "task_weights": [1, 2]}})
    with pytest.raises(ValueError, match=r"is not c.t λ_W"):
        ufm_lambdas(weighted, 800)


def test_lambdas_of_feature_decay_are_given_ones() -> None:
    config = Config().replaced(weight_decay=None, feature_decay=FeatureDecay(1e-3, 0.1, 0.2))
    decay = ufm_lambdas(config, 800)
    assert (decay.lambda_H, decay.lambda_W, decay.lambda_b) == (1e-3, 0.1, 0.2)


def test_weighting_options_are_a_table() -> None:
    with pytest.raises(TypeError, match=r"weighting_options must be a table of names and values, got \[1\]"):
        read_config({"train": {"weighting_options": [1]}})


MULTI = {"source": "digits", "compose": "multi", "p": 2, "q": 3}
SETS = {"source": "digits", "compose": "multi_label", "classes": 4, "counts": {"1": 3}}
ETF = {"heads": "orthogonal_etf"}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"model": ETF | {"bias": True}}, "bias=true with heads='orthogonal_etf'"),
        ({"model": {"batch_norm": False}}, "batch_norm=false is for VGG only"),
        ({"train": {"compile": True, "weighting": "pcgrad"}}, "compile=true with weighting='pcgrad'"),
        ({"data": MULTI, "train": {"weighting": "fixed", "task_weights": [1, 1, 1]}}, "must hold 2 numbers"),
        ({"data": SETS, "train": {"weighting": "fixed", "task_weights": [2]}}, r"\(2.0,\) with sets of labels"),
        ({"data": SETS, "model": ETF, "train": {"loss": "dot_regression"}}, "'dot-regression' needs one class"),
        ({"data": MULTI, "model": ETF | {"feature_dim": 2}}, "feature_dim=2 holds no orthogonal.* T = 3"),
        ({"data": SETS, "model": ETF | {"feature_dim": 2}}, "feature_dim=2 holds no orthogonal.* T = 3"),
        (
            {"data": {"compose": "cross", "radices": [2, 2, 2]}, "train": {"weighting": "fixed", "task_weights": [1]}},
            "must hold 3 numbers",
        ),
        (
            {"data": {"compose": "attributes", "attributes": ["A"]}, "model": ETF | {"feature_dim": 1}}
            | {"train": {"weighting": "fixed", "task_weights": [1, 2]}},
            "must hold 1 numbers",
        ),
    ],
)
def test_tables_that_exclude_each_other_are_refused_before_data_are_read(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_config(tables)


@pytest.mark.parametrize("data", [MULTI | {"p": "2"}, MULTI | {"q": 1}, {"compose": "split", "classes": "coarse"}, {}])
def test_classes_that_the_table_does_not_tell_are_left_to_the_data(data: dict[str, Any]) -> None:
    read_config({"data": data, "model": ETF | {"feature_dim": 2}})


@pytest.mark.parametrize(
    ("train_table", "message"),
    [
        ({"device": "cuda:77"}, "device='cuda:77' is not available"),
        ({"compile": True}, "compile=true needs a CUDA device"),
        ({"channels_last": True}, "channels_last=true needs a GPU"),
        ({"weighting": "famo", "weighting_options": {"rate": 0}}, "rate must be finite and > 0"),
        ({"weighting": "fairgrad", "weighting_options": {"alpha": 11}}, "alpha must be at most 10"),
    ],
)
def test_what_this_machine_cannot_do_is_refused_before_data_are_read(
    train_table: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ufm_networks.training.train_network.build_data", lambda config: pytest.fail("data were read"))
    with pytest.raises(ValueError, match=message):
        train({"data": MULTI, "train": {"device": "cpu"} | train_table})
