"""The columns of a table by name, kind and unit, and the study in its schema's metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ufm import __version__
from ufm.support.content_digest import content_digest
from verify.sweeping.study import Plan, Study, of_text

FORMAT = "1"
VERSION = __version__.partition("+")[0]  # the same from a checkout
TEXT, WHOLE, REAL, BOOL = "string", "int64", "float64", "bool"
STATED = {
    "problem": WHOLE,  # number in the study
    **dict.fromkeys(("source", "classes", "counts", "bias", "loss", "task_weights", "reduction", "table"), TEXT),
    **dict.fromkeys(
        ("tasks", "columns", "samples", "n", "n_same", "n_different", "multiplicity", "rows", "seed"), WHOLE
    ),
    **dict.fromkeys(("lambda_H", "lambda_W", "lambda_b", "lambdas", "ratio", "concentration", "label_smoothing"), REAL),
}
FOUND = {
    "outcome": TEXT,
    "objective": REAL,
    "lower_bound": REAL,
    "relative_gap": REAL,
    "spectral_ratio": REAL,
    "verdict": TEXT,
    "certified": BOOL,
    "resolution": REAL,
    "rank": WHOLE,
}
OF_THEORY = {
    "covered": BOOL,
    "theorem": TEXT,
    "regime": TEXT,
    "theory_objective": REAL,
    "theory_error": REAL,
    "theory_rank": WHOLE,
    "thresholds": WHOLE,
    "thresholds_passed": WHOLE,
    "lambda_product": REAL,
    "least_threshold": REAL,
    "largest_threshold": REAL,
}


def columns(plan: Plan) -> dict[str, str]:
    """Name → kind, in the order of the table."""
    measured = {f"metric_{name}": REAL for name in plan.metrics}
    for name in plan.claims:
        measured |= {f"claim_{name}": REAL, f"violated_{name}": BOOL}
    return {**STATED, **FOUND, **OF_THEORY, **measured}


def as_table(rows: Sequence[Mapping[str, Any]], plan: Plan) -> Any:
    """The rows as a pyarrow.Table."""
    import pyarrow as pa

    kinds = {TEXT: pa.string(), WHOLE: pa.int64(), REAL: pa.float64(), BOOL: pa.bool_()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns(plan).items()])
    return pa.Table.from_pylist(list(rows), schema=schema)


def metadata(study: Study) -> dict[str, str]:
    """The study itself, its digest, its seed, and the version that swept it."""
    return {
        "ufm.format": FORMAT,
        "ufm.version": VERSION,
        "ufm.study": study.as_text(),
        "ufm.digest": study.digest,
        "ufm.seed": str(study.plan.seed),
    }


def study_of(found: Mapping[bytes, bytes], where: str) -> Study:
    """The study in a table's metadata; raises ValueError, naming the file, if there is no readable one."""
    try:
        return of_text(found[b"ufm.study"].decode())
    except KeyError:
        raise ValueError(f"{where} is not a table of ufm sweep; name another file") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where} is of a study that this version cannot read: {error}") from None


def require_same_study(found: Mapping[bytes, bytes] | None, study: Study, where: str) -> None:
    """Raises ValueError, naming the file, unless the metadata is of this study and of this version."""
    said = {key.decode(): value.decode() for key, value in (found or {}).items()}
    if "ufm.digest" not in said:
        raise ValueError(f"{where} is not a table of ufm sweep; name another file")
    wanted = metadata(study)
    if said["ufm.digest"] != wanted["ufm.digest"]:
        raise ValueError(f"{where} is the table of another study ({_difference(said, study)}); name another file")
    for key in ("ufm.format", "ufm.version"):
        if said.get(key) != wanted[key]:
            raise ValueError(
                f"{where} was begun by {key.removeprefix('ufm.')} {said.get(key)} of this program, which is now "
                f"{wanted[key]}: rows of both would be mixed; name another file"
            )


def _difference(said: Mapping[str, str], study: Study) -> str:
    """The first key in which two studies differ."""
    try:
        other = of_text(said["ufm.study"]).tables()
    except (KeyError, ValueError, TypeError):
        return "one that cannot be read"
    own = study.tables()
    for name, table in own.items():
        for key in (*table, *(key for key in other[name] if key not in table)):
            there, here = other[name].get(key, "absent"), table.get(key, "absent")
            if content_digest(there) != content_digest(here):
                return f"{name}.{key} is {there!r} there, {here!r} here"
    return "its axes are in another order"
