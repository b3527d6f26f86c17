"""Symbols in running text become MathML, names and code do not; nothing a user writes becomes markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from verify.main_job.page import OBJECTIVE
from verify.report.symbols import formula, prose, typeset


def words(text: str) -> str:
    return re.sub("<[^>]*>", "", text)


@pytest.mark.parametrize(
    ("text", "shown", "elements"),
    [
        ("n^{11}", "n11", {"msup"}),
        ("λ_H, λ_W", "λH, λW", {"msub"}),
        ("λ_Hλ_W", "λHλW", {"msub"}),
        ("w_{k_t}^t", "wktt", {"msubsup", "msub"}),
        ("cos(w_1^1, w_1^2) = 0.5", "cos(w11, w12) = 0.5", {"msubsup"}),
        ("‖μ̃^{LR}‖", "‖μ˜LR‖", {"msup", "mover"}),
        ("cos(μ̃_k, μ̃_k')", "cos(μ˜k, μ˜k′)", {"msub", "mover"}),
        ("R^d", "Rd", {"msup"}),
    ],
)
def test_symbols_are_typeset(text: str, shown: str, elements: set[str]) -> None:
    made = str(typeset(text))
    assert words(made) == shown
    assert set(re.findall("<(m(?:sub|sup|over)[a-z]*)", made)) == elements
    for math in re.findall("<math.*?</math>", made):
        ElementTree.fromstring(math)


@pytest.mark.parametrize(
    "text",
    [
        "SNC2_1",
        "n_same",
        "lambda_H=0.05",
        "my_file_1.csv",
        "a_b",
        "x_1",
        "nc5_everywhere",
        "C:\\n_1",
        "$x^$",
        "theorem_5_1",
    ],
)
def test_names_are_not(text: str) -> None:
    assert str(typeset(text)) == text


@pytest.mark.parametrize("convert", [typeset, prose])
def test_markup_of_a_user_is_text(convert: object) -> None:
    made = str(convert('<b>n_1</b> & "w_{<i>}^2" </script>'))  # type: ignore[operator]
    assert set(re.findall("</?([a-z]+)", made)) <= {"math", "msub", "msup", "msubsup", "mi", "mn", "mo", "mrow"}
    assert "&lt;b&gt;" in made
    assert "&lt;/script&gt;" in made


def test_powers_of_ten_in_a_sentence() -> None:
    assert words(str(prose("within 2.5e-06 of it, 1e+20 too"))) == "within 2.5 · 10−6 of it, 1 · 1020 too"
    assert str(prose("case-1e-5 and 0x1e-5")) == "case-1e-5 and 0x1e-5"


def test_a_formula_is_whole() -> None:
    made = ElementTree.fromstring(str(formula(OBJECTIVE.latex)))
    text = "".join(made.itertext())
    assert text.count("∑") == OBJECTIVE.letters.count("Σ") == 5
    assert all(name in text for name in "FWHbcnλω")
