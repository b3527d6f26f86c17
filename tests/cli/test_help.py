"""Every help page: light to print, narrow where the terminal is, with defaults in words and examples that work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from program import run

import ufm_command
from verify.cli.flags import flags_of
from verify.cli.groups import ORDER
from verify.cli.help_pages import help_page, overview
from verify.cli.parsing import parsed

TABLE = ufm_command._commands()
KINDS = {name: command.load() for name, command in TABLE.items()}
EXAMPLES = [command for kind in KINDS.values() for command, _ in kind.page.examples]
HEAVY = ("torch", "numpy", "scipy", "pandas", "matplotlib", "sklearn", "rich")
ALL_PAGES = f"""
import contextlib, io, sys
import ufm_command
told = {{}}
for words in [[], ["--help"], ["--version"], ["verfy"], ["verify", "--lambda-h", "1"], ["--print-completion", "bash"],
              *([name, "--help"] for name in ufm_command._commands())]:
    sys.argv = ["ufm", *words]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            ufm_command.main()
        except SystemExit as end:
            assert end.code == (0 if words[-1:] and words[-1].lstrip("-") in ("help", "version", "bash") else 2), words
    heavy = set({HEAVY!r}) & set(sys.modules)
    assert not heavy, (words, heavy)
print("light")
"""


def test_nothing_heavy_is_imported_for_help_version_completion_or_a_slip():
    done = subprocess.run([sys.executable, "-c", ALL_PAGES], capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "light\n", done.stderr


@pytest.mark.parametrize("name", KINDS)
def test_what_a_page_says(name):
    page = help_page(name, KINDS[name], 80)
    assert page.startswith(f"Usage: ufm {name} ")
    assert not re.search(r"\{None\}|None|Optional|tuple\[|FLOAT|\bSTR\b|\bINT\b", page)
    assert page.index("Takes: ") < page.index("Writes: ") < page.index("Exit status: ") < page.index("Examples\n")
    for command, what in KINDS[name].page.examples:
        assert what.split()[0] in page
        assert command.split()[:2] == ["ufm", name]


@pytest.mark.parametrize("name", KINDS)
def test_every_flag_has_help_and_a_default_in_words(name):
    needs_none = {"classes", "samples", "n_same", "n_different", "labels", "counts", "targets", "probabilities"}
    for flag in flags_of(KINDS[name]):
        assert flag.help, flag.name
        if flag.type is None or flag.told.positional or flag.path[-1] in needs_none or "options" in flag.path:
            continue
        where_given = re.search(
            r"Solve and certify the counter|m:n, one or more|Another key|Needed for",
            flag.help,
        )
        assert "efault: " in flag.help or where_given, flag.name


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_pages_keep_to_the_width(columns):
    pages = [overview(TABLE, columns), *(help_page(name, kind, columns) for name, kind in KINDS.items())]
    for line in "\n".join(pages).splitlines():
        assert len(line) <= columns or len(line.split()) <= 2, line  # one long word, and what must stand beside it


def test_groups():
    page = overview(TABLE, 80)
    assert [line for line in page.splitlines() if line in ORDER] == list(ORDER)
    for name, command in TABLE.items():
        assert re.search(rf"^  {name} +\S", page, re.MULTILINE)
        assert len(command.line) <= 70
        assert command.line.endswith(".")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_understood(example):
    program, name, *words = shlex.split(example)
    assert program == "ufm"
    parsed(KINDS[name], words)


@pytest.mark.usefixtures("in_a_folder_of_its_own", "undrawn")
@pytest.mark.parametrize(
    "example",
    [
        "ufm solve --classes 3 3 --samples 10",
        "ufm verify --classes 3 3 --samples 10",
        "ufm landscape --classes 2 --n-same 3 --n-different 1 --dim 1",
        "ufm data list",
        "ufm falsify --list",
    ],
)
def test_cheap_examples_run_and_say_what_is_next(example, monkeypatch, capsys):
    assert example in EXAMPLES
    assert run(monkeypatch, *shlex.split(example)[1:]) in (0, 1)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("next: ") or example.endswith("list")


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_pages_where_the_encoding_lacks_letters(environment):
    code = (
        "import sys, ufm_command\n"
        "for name in [None, *ufm_command._commands()]:\n"
        "    sys.argv = ['ufm', *([name] if name else []), '--help']\n"
        "    try: ufm_command.main()\n"
        "    except SystemExit as end: assert end.code == 0, name\n"
    )
    without = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL", "PYTHONIOENCODING")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=without | environment, timeout=600, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"Usage: ufm ") == len(TABLE) + 1
    assert b"lambda_H" in done.stdout or "λ_H".encode() in done.stdout


@pytest.mark.parametrize("words", [["help"], ["help", "sweep"], ["-v", "--help"], ["sweep", "-h"]])
def test_ways_to_ask(words, monkeypatch, capsys):
    assert run(monkeypatch, *words) == 0
    told = capsys.readouterr().out
    assert told.startswith("Usage: ufm sweep STUDY " if "sweep" in words else "Usage: ufm COMMAND ")


def test_python_m_ufm_is_the_program():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "ufm", "--version"], cwd=root, capture_output=True, text=True, timeout=600, check=False
    )
    import ufm

    assert (done.returncode, done.stdout) == (0, f"ufm {ufm.__version__}\n")
    version = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert ufm.__version__.removesuffix("+checkout") == version[1]
