"""Names of runs that no figure or folder can have are refused before training; folders are drawn as they are named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from toy_data import tables, toy

from ufm_networks.experiments import read_experiment
from ufm_networks.training import train
from verify.plot.style import literal

EXPERIMENT = """
[figure]
title = "One"
kind = "curves"
metrics = ["loss"]
[data]
source = "digits"
[[panels]]
name = {panel}
[[runs]]
name = {run}
"""


def written(folder: Path, run: str, panel: str = "P") -> Path:
    file = folder / "one.toml"
    file.write_text(EXPERIMENT.format(run=json.dumps(run, ensure_ascii=True), panel=json.dumps(panel)))
    return file


REFUSED = [
    ("two\nlines", "must be a line of printable characters"),
    ("nul\x00", "must be a line of printable characters"),
    ("tab\t", "must be a line of printable characters"),
    ("_hidden", "begins with '_', and matplotlib leaves such names out"),
    ("x" * 256, "has 256 bytes; a folder's name has room for 200"),
    ("λ" * 101, "has 202 bytes"),
    (r"$\nosuchthing$", "is not a formula that matplotlib can draw"),
    ("$x_{$", "is not a formula"),
]


@pytest.mark.parametrize(("name", "message"), REFUSED)
def test_a_name_that_cannot_be_drawn_or_stored(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"one\.toml.*\[\[runs\]\] name=.*{message}"):
        read_experiment(written(tmp_path, name))
    with pytest.raises(ValueError, match=rf"one\.toml.*\[\[panels\]\] name=.*{message}"):
        read_experiment(written(tmp_path, "run", name))


def test_names_that_make_a_formula_together(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"panel and run='5 \$, x_{ \$' is not a formula"):
        read_experiment(written(tmp_path, "x_{ $", "5 $"))


@pytest.mark.parametrize("name", ["λ = 1", r"$\lambda_H = 10^{-3}$", "5 $", "a/b", "..", "ETF + DR", "x" * 190])
def test_other_names_are_taken(tmp_path: Path, name: str) -> None:
    (plan,) = read_experiment(written(tmp_path, name, "")).plans
    assert plan.run == name
    (tmp_path / plan.folder).mkdir()
    assert (tmp_path / plan.folder).parent == tmp_path


@pytest.mark.parametrize("name", ["x" * 256, "a\x00b"])
def test_a_folder_that_no_file_system_takes(tmp_path: Path, name: str) -> None:
    for output in (tmp_path / name, tmp_path / name / "run"):
        with pytest.raises(ValueError, match=r"output=.* cannot be the name of a folder: .*; name another"):
            train(tables(epochs=1), output, data=toy())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [r"a$\foo$", "$x$ and $y_{", "_x", "a$b", "$$", r"\$"])
def test_a_folder_s_name_is_drawn_to_the_letter(name: str) -> None:
    figure = Figure()
    (line,) = figure.subplots().plot([0, 1])
    (text,) = figure.legend([line], [literal(name)]).get_texts()
    figure.savefig(io.BytesIO(), format="png")
    shown, formula = text._preprocess_math(text.get_text())
    assert not formula
    assert shown.strip() == name
