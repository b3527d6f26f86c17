"""LaTeX that compiles, as far as can be told without LaTeX, and text without any; the command that prints both."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from program import run

from theory.derivations import NAMES, derive
from theory.derivations.prose import formula, to_plain

# what amsmath defines and mathtext does not know: environments with rows, and spacing
ROWS = re.compile(r"\\begin\{(matrix|cases)\}|\\text\{")
DISPLAY = re.compile(r"\\begin\{(equation|align)\*\}\n(.*?)\n\\end\{\1\*\}", re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_braces_environments_and_delimiters_balance(name):
    text = derive(name).document()
    depth = 0
    for token in re.findall(r"\\[{}]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    open_environments: list[str] = []
    for kind, environment in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if kind == "begin":
            open_environments.append(environment)
        else:
            assert open_environments.pop() == environment
    assert not open_environments
    for _, body in DISPLAY.findall(text):
        for line in body.split("\\\\\n"):
            assert line.count(r"\left") == line.count(r"\right")
    assert text.isascii()
    assert text.count("$") % 2 == 0
    assert not re.search(r"\n\n[^\n]*\n?\\end\{(equation|align)", text)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if i % 3 == 0 else pytest.mark.slow) for i, name in enumerate(NAMES)]
)
def test_formulas_parse_and_fit_the_page(name):
    """By matplotlib's own TeX parser, in Computer Modern at 10 points: displayed lines fit a text 16 cm wide.

    Matrices and case distinctions, which it does not know, entry by entry.
    """
    text = derive(name).latex()
    formulas, lines = set(re.findall(r"\$([^$]+)\$", DISPLAY.sub("", text))), set()
    for _, body in DISPLAY.findall(text):
        for line in body.split("\\\\\n"):
            if ROWS.search(line):
                formulas |= {entry.strip() for entry in _entries(line)} - {""}
            elif ROWS.search(body):
                formulas.add(line.replace("&", ""))
            else:
                lines.add(line.replace("&", ""))
    assert len(formulas | lines) > 20
    with mpl.rc_context({"mathtext.fontset": "cm"}):
        for latex in formulas - lines:
            _width(latex)
        for line in lines:
            assert _width(line) <= 160 / 25.4 * 72 - 20, line  # less the indentation of a line that goes on


@cache
def _width(latex: str) -> float:
    """In points."""
    return MathTextParser("agg").parse(f"${_known(latex)}$", 72, FontProperties(size=10)).width


def _entries(line: str) -> list[str]:
    line = re.sub(r"\\(left|right)(\[|\]|\\[{}]|\.)", "", line)
    line = re.sub(r"\\(begin|end)\{(matrix|cases)\}", "&", line)
    return re.split(r"&|\\\\", line)


def _known(latex: str) -> str:
    replaced = (
        re.sub(r"\\text\{([^}]*)\}", r"\\mathrm{\1}", latex).replace(r"\tfrac", r"\frac").replace(r"\|", r"\Vert ")
    )
    replaced = replaced.replace(r"\top", "T").replace(r"\:", r"\ ").replace(r"\lim_", r"\lim_")
    replaced = re.sub(r"\\Big[lr]", "", replaced)  # a size
    return re.sub(r"\\mathrm\{ *\}", "", replaced)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
@pytest.mark.parametrize("name", NAMES)
def test_latex_compiles(name, tmp_path):
    (tmp_path / "theorem.tex").write_text(derive(name).document())
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "theorem.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_text_has_no_latex_left(name):
    text = derive(name).plain()
    assert not re.search(r"[\\{}$]", text)
    assert all(part in text for part in ("Hypotheses", "Conclusions", "Derivation"))


def test_prose():
    assert to_plain(r"$\lambda_H \lambda_W < n/4$ and $\tfrac{1}{2}\sqrt{n_s}$") == "λ_H λ_W < n/4 and 1/2√n_s"
    assert formula(r"\tilde Z \tilde Z^\top") == "Z\u0303 Z\u0303ᵀ"
    with pytest.raises(ValueError, match=r"\\unheard"):
        formula(r"\unheard")


def test_command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "theorem", "5.1") == 0
    assert capsys.readouterr().out == derive("5.1").latex()
    assert run(monkeypatch, "theorem", "5.1", "--plain") == 0
    assert capsys.readouterr().out == derive("5.1").plain()
    assert run(monkeypatch, "theorem", "3.2", "--output", "theorem.tex") == 0
    assert Path("theorem.tex").read_text() == derive("3.2").document()
    assert list(Path().iterdir()) == [Path("theorem.tex")]
    assert run(monkeypatch, "theorem", "--list") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in NAMES)


def test_command_refuses(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    for arguments in ((), ("5.2",), ("5.1", "--output", "absent/theorem.tex"), ("5.1", "--output", ".")):
        assert run(monkeypatch, "theorem", *arguments) == 2
    errors = capsys.readouterr().err
    assert "did you mean" in errors
    assert "there is no folder 'absent'" in errors


def test_a_derivation_that_fails_is_status_1(monkeypatch, capsys):
    import dataclasses

    import theory.derivations
    from theory.derivations.step import Step, equation

    true = derive("5.1")
    false = dataclasses.replace(true, steps=(*true.steps, Step("", equation(1, 2))))
    monkeypatch.setattr(theory.derivations, "derive", lambda name: false)
    assert run(monkeypatch, "theorem", "5.1") == 1
    assert "does not hold" in capsys.readouterr().err
