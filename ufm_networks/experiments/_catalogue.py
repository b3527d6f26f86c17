"""The available experiments: files figure-N.toml and table-N.toml, and their twins in folders named by source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ufm.support.nearest_name import unknown_name

FOLDER = "experiments"
TWINS = ("digits", "mnist-5000")  # sources with a folder of twins


@dataclass(frozen=True)
class Entry:
    """A file; source is "" for the paper's data sets, or the folder of a twin."""

    name: str
    source: str
    path: Path


def experiments_folder(folder: str | Path | None = None) -> Path:
    """The folder given, else "experiments" here, else the package's own; FileNotFoundError without any.

    An installed package holds its experiments; in the repository they lie beside it.
    """
    if folder is not None:
        places = [Path(folder)]
    else:
        package = Path(__file__).resolve().parent
        places = [Path(FOLDER), package / "files", package.parents[1] / FOLDER]
    for place in places:
        if any(place.rglob("*.toml")):
            return place
    raise FileNotFoundError(
        f"no experiments in {' or '.join(repr(str(place)) for place in places)}; name their folder with --experiments"
    )


def catalogue(folder: str | Path | None = None) -> list[Entry]:
    """All experiments, figures by number, then tables, then others; the paper's before the twins."""
    place = experiments_folder(folder)
    entries = [Entry(path.stem, "", path) for path in place.glob("*.toml")]
    for source in TWINS:
        entries += [Entry(path.stem, source, path) for path in (place / source).glob("*.toml")]
    return sorted(entries, key=lambda entry: (entry.source, catalogue_order(entry.name)))


def find_experiment(name: str, source: str = "", folder: str | Path | None = None) -> Path:
    """The file of "6", "figure-6", "3c", "table-3" or another name; a path that ends in .toml is itself.

    Raises ValueError if there is none, naming the nearest, or the sources that have it.
    """
    if name.endswith(".toml"):
        return Path(name)
    entries = catalogue(folder)
    here = {entry.name: entry.path for entry in entries if entry.source == source}
    plain = name.strip().lower().replace(" ", "-")
    candidates = (plain, f"figure-{plain}", f"figure-{plain.rstrip('abc()')}", plain.rstrip("abc()"))
    for candidate in candidates:
        if candidate in here:
            return here[candidate]
    for entry in entries:
        if entry.name in candidates:
            where = f"with --source {entry.source}" if entry.source else "without --source"
            raise ValueError(f"figure={name!r} is there {where} only")
    raise unknown_name("figure", name, here, candidates)


def catalogue_order(name: str) -> tuple[int, int, str]:
    """Sorts by: figures by number and letter, then tables, then others by name."""
    numbered = re.fullmatch(r"(figure|table)-(\d+)(\w?)", name)
    if numbered is None:
        return 2, 0, name
    return ("figure", "table").index(numbered[1]), int(numbered[2]), numbered[3]
