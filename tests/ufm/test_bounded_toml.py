"""What tomllib would recurse in, or take minutes for, is refused first; everything else reads as tomllib reads it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from ufm.support.bounded_toml import DEPTH, LENGTH, parse_toml, read_toml
from ufm_networks.cli.train_command import _assignment

EXPERIMENTS = sorted(Path(__file__).parents[2].glob("experiments/**/*.toml"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c = [[1, 2], [3.5, -1e-3]]  # [[[[",
        'a = "[[[[ # not a comment"  # a comment with "quotes',
        "a = '[[[' # '''",
        'a = """\n[[[ \\" # """ # [',
        "a = '''\n[[[ # ''' # [",
        'a = """"quoted""""\nb = 1',
        '"a"."b.c".d = {x = [1], y = {z = "}"}}',
        "a = [" + "0.25, " * 1000 + "1.0]",
        "a = " + "[" * DEPTH + "1" + "]" * DEPTH,
        ".".join("a" * DEPTH) + " = 1",
    ],
)
def test_what_tomllib_reads(text: str) -> None:
    assert parse_toml(text) == tomllib.loads(text)


def test_all_experiments() -> None:
    assert len(EXPERIMENTS) > 60
    for path in EXPERIMENTS:
        assert parse_toml(path.read_text()) == tomllib.loads(path.read_text())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 10**5, "nested deeper than 32 brackets"),
        ("a = " + "{b = " * 10**5, "nested deeper than 32 brackets"),
        ("a = [{b = " * 10**5, "nested deeper than 32 brackets"),
        ('"[" = ' + "[" * 33, "nested deeper than 32 brackets"),
        ("a." * 10**5 + "a = 1", "a key of more than 32 parts"),
        ("[" + "a . " * 10**5 + "a]", "a key of more than 32 parts"),
        ('"a.b".' * 10**5 + "a = 1", "a key of more than 32 parts"),
        ("a = {" + "b." * 10**5 + "b = 1}", "a key of more than 32 parts"),
        ("#" * (LENGTH + 1), "at most 1,048,576"),
        ("a = " + "9" * 10**5, "4300 digits"),
        ('a = """' + '\\"""' * 10**5, "Unterminated|Expected|Invalid|Illegal"),
    ],
)
def test_what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        parse_toml(text)
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=rf"config='.*a\.toml' is not a TOML file: .*({message})"):
        read_toml(tmp_path / "a.toml")


def test_a_value_on_the_command_line() -> None:
    assert _assignment("model.width=16") == ("model", "width", 16)
    assert _assignment("data.source=mnist") == ("data", "source", "mnist")
    with pytest.raises(ValueError, match=r"--set train\.a: nested deeper than 32 brackets"):
        _assignment("train.a=" + "[" * 100)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.toml")
    with pytest.raises(ValueError, match=r"a\.toml' is not a regular file but a pipe"):
        read_toml(tmp_path / "a.toml")
