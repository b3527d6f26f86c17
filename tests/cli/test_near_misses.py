"""A slip is answered in a line or two that name what was given and what is meant; status 2, before any work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import pytest
from program import run

import ufm
from verify.cli.argument_parser import CommandLineError
from verify.cli.devices import require_device
from verify.cli.flags import Told
from verify.cli.parsing import parsed

pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own")
PROBLEM = ["--classes", "3", "3", "--samples", "2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verfy"], "ufm: no command 'verfy'; did you mean 'verify'?"),
        (["mesure", "runs/a"], "ufm: no command 'mesure'; did you mean 'measure'?"),
        (["xyzzy"], "ufm: no command 'xyzzy'"),
        (["--verison"], "ufm: there is no option --verison; did you mean --version?"),
        (["--lambda-H", "1", "solve"], "ufm: the command comes before --lambda-H"),
        (["verify", "--lambda-h", "1"], "ufm: there is no option --lambda-h; did you mean --lambda-H?"),
        (["solve", *PROBLEM, "--device", "gpu"], "ufm: --device 'gpu' is not known; did you mean 'cuda'? Here: cpu"),
        (["measure", "run", "--device", "GPU:1"], "ufm: --device 'GPU:1' is not known; did you mean 'cuda'?"),
        (["solve", "--method", "newtn"], "ufm: --method='newtn' is not known; did you mean 'newton'?"),
        (["solve", "--samples", "ten"], "ufm: --samples takes a whole number, got 'ten'"),
        (["solve", "--samples", "2.5"], "ufm: --samples takes a whole number, got '2.5'"),
        (["solve", "--lambda-H", "small"], "ufm: --lambda-H takes a number, such as 5e-4, got 'small'"),
        (["solve", "--lambda-b", "nothing"], "ufm: --lambda-b takes a number, such as 5e-4, got 'nothing', or none"),
        (["solve", "--lambda-H"], "ufm: --lambda-H takes a value: --lambda-H X"),
        (["solve", "--rigorous=yes"], "ufm: --rigorous takes no value, got 'yes'"),
        (
            ["verify", "--labels", "lables.csv"],
            "ufm: --labels: there is no file 'lables.csv'; did you mean 'labels.csv'?",
        ),
        (["train", "small.tml"], "ufm: CONFIG: there is no file 'small.tml'; did you mean 'small.toml'?"),
        (["train"], "ufm: CONFIG is missing"),
        (["sweep", "study.toml", "more"], "ufm: 'more' is one word too many"),
        (["solve", "-q", "-v", *PROBLEM], "ufm: -q and -v contradict each other"),
        (["--print-completion", "ksh"], "ufm: --print-completion='ksh' is not known; did you mean 'zsh'?"),
    ],
)
def test_slips(words, message, monkeypatch, capsys):
    for name in ("labels.csv", "small.toml"):
        Path(name).write_text("")
    monkeypatch.setattr(ufm, "solve", lambda *_, **__: pytest.fail("began to solve"))
    assert run(monkeypatch, *words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0].startswith(message)
    assert len(lines) <= 2


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps"])
def test_names_of_devices(name):
    assert require_device(name) == name


class More(TypedDict, total=False):
    steps: int
    fast: bool


@dataclass(frozen=True)
class Inner:
    """Inner flags."""

    lambda_H: float = 1.0
    more: More = field(default_factory=More)


@dataclass(frozen=True)
class Kind:
    """What a command may hold."""

    first: Annotated[Path, Told(positional=True)]
    rest: Annotated[tuple[int, ...], Told(positional=True)] = ()
    inner: Inner = field(default_factory=Inner)
    names: tuple[str, ...] = ()
    set: Annotated[tuple[str, ...], Told(again=True)] = ()
    either: float | Literal["none"] | None = None
    flag: bool = False
    header: bool = False
    no_header: bool = False


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a"], Kind(Path("a"))),
        (["a", "1", "-2"], Kind(Path("a"), (1, -2))),
        (["--names", "x", "", "-1", "--flag", "a"], Kind(Path("a"), names=("x", "", "-1"), flag=True)),
        (["a", "--set", "x=1", "--set", "y=-1"], Kind(Path("a"), set=("x=1", "y=-1"))),
        (["a", "--set", "x=1", "3"], Kind(Path("a"), (3,), set=("x=1",))),
        (["a", "--lambda_H=-1e-3"], Kind(Path("a"), inner=Inner(-1e-3))),
        (["a", "--lambda-H", "-1e-3"], Kind(Path("a"), inner=Inner(-1e-3))),
        (["a", "--steps", "4", "--no-fast"], Kind(Path("a"), inner=Inner(more={"steps": 4, "fast": False}))),
        (["a", "--fast"], Kind(Path("a"), inner=Inner(more={"fast": True}))),
        (["a", "--either", "none"], Kind(Path("a"), either="none")),
        (["a", "--either", "2"], Kind(Path("a"), either=2.0)),
        (["a", "--flag", "--no-flag"], Kind(Path("a"))),
        (["a", "--no-header"], Kind(Path("a"), no_header=True)),
    ],
)
def test_words_become_fields(words, expected):
    assert parsed(Kind, words) == expected


@pytest.mark.parametrize(
    "words", [[], ["a", "b"], ["a", "--no-either"], ["a", "--either"], ["a", "--Flag"], ["--first", "a"]]
)
def test_words_that_do_not(words):
    with pytest.raises(CommandLineError):
        parsed(Kind, words)
