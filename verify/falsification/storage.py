"""Findings as JSON files with a SHA-256: written under a temporary name and renamed, checked on reading.

Here a finding is a dict of its fields by name, as ``verify.Finding`` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from os import PathLike
from pathlib import Path
from typing import Any

import torch

import ufm
from ufm.point_checks import check_point
from ufm.solution import Problem
from ufm.support import validation
from ufm.support.bounded_json import parse_json
from ufm.support.content_digest import content_digest
from ufm.support.regular_file import require_regular
from ufm.support.strict_json import as_json, plain, restored
from ufm.support.whole_file import write_whole
from ufm.support.writable import require_target
from verify.certification.certificate import Certificate
from verify.certification.verdict import GLOBAL, INCONCLUSIVE, NOT_OPTIMAL
from verify.claims._claim import LIBRARY, Claim
from verify.falsification.ended import Ended
from verify.falsification.problems import from_record, record
from verify.falsification.trial import checked_options
from verify.reading.read import At
from verify.reading.sources import own_features

FORMAT = "ufm-finding-2"
EARLIER = "ufm-finding-1"  # without a checksum
NUMBERS = ("margin", "violation", "resolution", "first_violation", "largest_violation")
FIGURES = ("objective", "lower_bound", "gap", "relative_gap", "spectral_ratio", "tolerance")  # of a certificate
DIMENSIONS = ("dim", "sufficient_dim")
VERDICTS = (GLOBAL, NOT_OPTIMAL, INCONCLUSIVE)
COUNTS = ("tried", "uncertified", "not_applicable", "shrinking")


def write_fields(finding: Mapping[str, Any], path: str | Path) -> None:
    """Writes the file whole or not at all (``ufm.support.whole_file``)."""
    require_target(path, example="finding.json")
    write_whole(path, as_text(finding))


def as_text(finding: Mapping[str, Any]) -> str:
    """The text that ``read_fields`` reads."""
    problem, first = finding["counterexample"], finding["first_counterexample"]
    solution, certificate = finding["solution"], finding["certificate"]
    content = {
        "format": FORMAT,
        "claim": {name: getattr(finding["claim"], name) for name in _CLAIM},
        "counterexample": None if problem is None else record(problem),
        "first_counterexample": None if first is None else record(first),
        "solution": None if solution is None else _solution(solution),
        "certificate": certificate,
        "options": asdict(finding["options"]),
        "ended": finding["ended"],
        **{name: finding[name] for name in (*NUMBERS, *COUNTS)},
    }
    kept = plain(content, named=True)
    return as_json(kept | {"sha256": content_digest(kept)})


def read_fields(path: str | Path) -> dict[str, Any]:
    """Reads and checks what ``write_fields`` wrote; raises as ``verify.Finding.load``."""
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"path must name a file that Finding.save wrote, got {type(path).__name__}")
    path = Path(path)
    require_regular("path", path)
    try:
        content = parse_json(path.read_bytes().decode())
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError; brackets without end
        raise ValueError(f"path={str(path)!r} is not a whole JSON file ({error})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        earlier = ": an earlier version wrote it, without a checksum; search anew" if found == EARLIER else ""
        raise ValueError(f"path={str(path)!r} is not a finding of this program (format {found!r}){earlier}")
    saved = content.pop("sha256", None)
    if saved != content_digest(content):
        raise ValueError(f"path={str(path)!r} is damaged: its content does not match its SHA-256 ({saved!r})")
    try:
        return _fields(content)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, OverflowError) as error:
        raise ValueError(f"path={str(path)!r} is damaged: {error!r}") from error


_CLAIM = ("name", "statement", "source", "margin")


def _fields(content: dict[str, Any]) -> dict[str, Any]:
    problem = None if content["counterexample"] is None else from_record(content["counterexample"])
    first = None if content["first_counterexample"] is None else from_record(content["first_counterexample"])
    certificate = None if content["certificate"] is None else _certificate(content["certificate"])
    solution = None if problem is None else _read_solution(problem, content["solution"], content["options"])
    if problem is not None and certificate is None:
        raise ValueError("there is a counterexample but no certificate")
    figures: dict[str, Any] = {name: _number(name, content[name]) for name in NUMBERS}
    figures |= {name: validation.whole_number(name, content[name], 0) for name in COUNTS}
    if not figures["margin"] >= 0 or figures["violation"] < 0:
        raise ValueError(f"margin and violation must be ≥ 0, got {figures['margin']!r} and {figures['violation']!r}")
    return {
        "claim": _claim(content["claim"]),
        "counterexample": problem,
        "solution": solution,
        "certificate": certificate,
        "first_counterexample": first,
        "ended": Ended(content["ended"]),
        "options": checked_options(**content["options"]),
        **figures,
    }


def _claim(saved: dict[str, Any]) -> Claim:
    """The library's claim of that name and statement, else a claim for display only."""
    known = LIBRARY.get(saved["name"])
    if known is not None and known.statement == saved["statement"]:
        return known

    def absent(at: At) -> float:
        raise TypeError(
            f"the file holds no function for the claim {saved['name']!r}; pass verify.replay(path, claim=…)"
        )

    margin = _number("margin", saved["margin"])
    return Claim(str(saved["name"]), str(saved["statement"]), str(saved["source"]), absent, margin)


def _solution(solution: ufm.Solution) -> dict[str, Any]:
    def listed(value: Any) -> Any:
        return [part.tolist() for part in value] if isinstance(value, (list, tuple)) else value.tolist()

    names = ("W", "b", "H", "labels", "counts", "objective", "converged", "outcome", "status")
    return {name: listed(getattr(solution, name)) if name in names[:5] else getattr(solution, name) for name in names}


def _read_solution(problem: Problem, saved: dict[str, Any], options: dict[str, Any]) -> ufm.Solution:
    def tensors(values: list[Any]) -> list[torch.Tensor]:
        return [torch.tensor(value, dtype=torch.float64) for value in values]

    multi = own_features(problem)
    arrays = {
        name: tuple(validation.whole_array(name, part) for part in saved[name])
        if multi
        else validation.whole_array(name, saved[name])
        for name in ("labels", "counts")
    }
    W, b = tensors(saved["W"]), tensors(saved["b"])
    H = tensors(saved["H"]) if multi else torch.tensor(saved["H"], dtype=torch.float64)
    check_point(problem, W, b, H, **arrays)
    if not isinstance(saved["converged"], bool) or not isinstance(saved["status"], str):
        raise TypeError(f"converged and status must be a Boolean and text, got {saved['converged']!r}")
    return ufm.Solution(
        problem=problem,
        method=options["method"],
        W=W,
        b=b,
        H=H,
        objective=_number("objective", saved["objective"]),
        converged=saved["converged"],
        outcome=ufm.Outcome(saved["outcome"]),
        status=saved["status"],
        **arrays,
    )


def _certificate(saved: dict[str, Any]) -> Certificate:
    own = {field.name: saved[field.name] for field in fields(Certificate) if field.name in saved}
    own |= {name: _number(name, own[name]) for name in FIGURES}
    own |= {name: validation.whole_number(name, own[name], 0) for name in DIMENSIONS}
    own["verdict"] = validation.one_of("verdict", own["verdict"], VERDICTS)
    return Certificate(**{**own, "tasks": tuple(_certificate(task) for task in saved["tasks"])})


def _number(name: str, value: Any) -> float:
    value = restored(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)
