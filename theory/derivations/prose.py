"""Sentences with inline LaTeX between dollars, as Unicode text."""

from __future__ import annotations

import re

_COMMANDS = {
    "lambda": "λ", "tau": "τ", "sigma": "σ", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "kappa": "κ",
    "epsilon": "ε", "omega": "ω", "mu": "μ", "Lambda": "Λ",
    "sum": "Σ", "prod": "Π", "sqrt": "√", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "in": "∈", "cdot": "·", "times": "×", "to": "→", "propto": "∝", "langle": "⟨", "rangle": "⟩", "|": "‖",
    "top": "ᵀ", "ldots": "…", "pm": "±", "infty": "∞", "min": "min", "max": "max", "log": "log",
    "lim": "lim", "partial": "∂", "cos": "cos", "rho": "ρ", "nu": "ν",
    "mathbf": "", "mathrm": "", "mathbb": "", "left": "", "right": "", "quad": "  ", ",": " ", ";": " ", " ": " ",
    "{": "{", "}": "}",
}  # fmt: skip
_SPACED = ("le", "leq", "ge", "geq", "in", "to", "propto", "ne", "neq", "pm", "lim", "min", "max")
_ACCENTS = {"tilde": "\u0303", "hat": "\u0302"}
_RAISED = str.maketrans("0123456789-+tsk", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵗˢᵏ")


def to_plain(text: str) -> str:
    """The sentence without LaTeX."""
    return re.sub(r"\$([^$]*)\$", lambda match: formula(match[1]), text).replace("--", "–")


def formula(latex: str) -> str:
    """One inline formula; raises ValueError naming a command that has no Unicode form here."""
    latex = latex.replace(r"\mathbf{1}", "𝟏")
    group = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
    latex = re.sub(rf"\\[td]?frac{group}{group}", lambda m: f"{_bracketed(m[1])}/{_bracketed(m[2])}", latex)
    latex = re.sub(r"\\[td]?frac(\d)(\d|[A-Za-z])", r"\1/\2", latex)
    latex = re.sub(rf"\\sqrt{group}", lambda m: f"√{_bracketed(m[1])}", latex)
    for name, mark in _ACCENTS.items():
        latex = re.sub(rf"\\{name}(?:\{{(\w)\}}|\s*(\w))", rf"{{}}\g<1>\g<2>{mark}", latex)
    latex = re.sub(r"\\([A-Za-z]+|[^A-Za-z])(?: (?=[\w\\{]))?", _command, latex)
    latex = re.sub(r"\^(\w|-?\{[\w+-]*\})", _raise, latex)
    latex = re.sub(r"\^ᵀ", "ᵀ", latex)
    return re.sub(r"  +", " ", re.sub(r"[{}]", "", latex)).strip()


def _command(match: re.Match[str]) -> str:
    if match[1] not in _COMMANDS:
        raise ValueError(f"LaTeX command \\{match[1]} has no Unicode form here; it has {', '.join(_COMMANDS)}")
    return _COMMANDS[match[1]] + (" " if match[1] in _SPACED else "")


def _raise(match: re.Match[str]) -> str:
    inside = match[1].strip("{}")
    raised = inside.translate(_RAISED)
    return raised if all(new != old for new, old in zip(raised, inside, strict=True)) else "^" + inside


def _bracketed(inside: str) -> str:
    return inside if re.fullmatch(r"\\?\w+", inside) else f"({inside})"
