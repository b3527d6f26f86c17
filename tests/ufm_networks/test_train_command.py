"""``ufm train``: flags over the file, the folder, the exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ufm_networks
from ufm_networks.cli.train_command import Train
from ufm_networks.training import FeatureDecay, load_run
from verify.cli.parsing import parsed

TEXT = """
[data]
source = "digits"
compose = "multi"
p = 2
q = 2
samples = 48

[model]
width = 4

[train]
epochs = 2
batch_size = 16
device = "cpu"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.toml"
    path.write_text(TEXT)
    return path


def test_flags_go_over_the_file(config: Path) -> None:
    flags = ("model.backbone=vgg11", "train.feature_decay={lambda_H=1e-3, lambda_W=0.1, lambda_b=0.2}", "data.seed=4")
    made = Train(config, epochs=7, seed=3, set=flags).configuration()
    assert (made.train.epochs, made.train.seed, made.model.backbone, made.data["seed"]) == (7, 3, "vgg11", 4)
    assert made.train.feature_decay == FeatureDecay(1e-3, 0.1, 0.2)
    assert made.train.weight_decay is None
    assert (made.model.width, made.train.batch_size) == (4, 16)


def test_flags_of_the_command_line_add_up(config: Path) -> None:
    arguments = [str(config), "--set", "model.width=5", "--set", "train.momentum=0.5", "--epochs", "9"]
    made = parsed(Train, arguments).configuration()
    assert (made.model.width, made.train.momentum, made.train.epochs) == (5, 0.5, 9)


@pytest.mark.parametrize("flag", ["width=3", "model.width", "model.=3"])
def test_a_flag_that_is_no_assignment_is_refused(config: Path, flag: str) -> None:
    with pytest.raises(ValueError, match=r"must be TABLE.KEY=VALUE"):
        Train(config, set=(flag,)).configuration()


@pytest.mark.parametrize("more", ["train.seed=4", "[model]\nwidth=8"])
def test_a_flag_of_several_lines_is_refused_and_not_cut(config: Path, more: str) -> None:
    with pytest.raises(ValueError, match="is more than one assignment; give --set again for each"):
        Train(config, set=(f"train.epochs=1\n{more}",)).configuration()


def test_runs_and_goes_on(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Train(config).run() == 0
    assert Train(config).run() == 0
    run = load_run("runs/small")
    assert run.epochs == 2
    assert run.data.classes == (2, 2)
    assert "2 epochs: runs/small" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"train.epochs \(2 there, 3 here\)"):
        Train(config, epochs=3).run()


def test_an_interrupted_run_has_status_130(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ufm_networks.training.loop import Loop

    original, calls = Loop._step, []

    def stepping(self: Loop, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(self, *arguments)

    monkeypatch.setattr(Loop, "_step", stepping)
    assert Train(config, seed=1).run() == 130
    assert ufm_networks.load_run("runs/small-seed1").epochs == 1
    assert Train(config, seed=1).run() == 0


def test_the_package_offers_what_it_says() -> None:
    for name in ufm_networks.__all__:
        assert getattr(ufm_networks, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = ufm_networks.trian  # type: ignore[attr-defined]


def test_a_run_that_diverges_has_a_status_and_a_word(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ufm_command import main

    flags = ["--set", "train.learning_rate=1e12", "--set", "model.backbone=vgg11", "--set", "model.batch_norm=false"]
    monkeypatch.setattr("sys.argv", ["ufm", "train", str(config), *flags])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "ufm: training has diverged in epoch 1: the loss is nan; lower learning_rate" in capsys.readouterr().err


def test_task_weights_are_a_list(config: Path) -> None:
    flags = ("train.weighting=fixed", "train.task_weights=2")
    with pytest.raises(TypeError, match="task_weights must be a list of numbers, one per task, got 2"):
        Train(config, set=flags).configuration()
