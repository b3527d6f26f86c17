"""Mutants of a module: its source with one operator, number, comparison, loop or decorator changed, as cosmic-ray does.

A site is a place with all the changes that one kind of operator allows there (a + becomes any of ten others). Sites are
drawn, then one change of each, so that an arithmetic sign weighs no more than a comparison.
"""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

# the occurrences of an operator are counted through the file
Change = tuple[str, int]


@dataclass(frozen=True)
class Mutant:
    """A changed module: what stood in its changed line, what stands there now, and the whole of it."""

    path: str
    line: int
    before: str
    after: str
    code: str

    @property
    def key(self) -> str:
        """The same as long as the line is."""
        return f"{self.path}: {self.before} → {self.after}"


def sites(source: str) -> list[list[Change]]:
    """The places that can be changed, each with its changes."""
    nodes, found = list(ast_nodes(get_ast(source))), defaultdict(list)
    for name in sorted(operator_names()):
        operator_class = get_operator(name)
        if operator_class.arguments():  # what replaces variables must be told by which
            continue
        positions = (place for node in nodes for place, _ in operator_class().mutation_positions(node))
        kind = "_".join(name.split("_")[:2])  # core/ReplaceBinaryOperator_Add_Sub: what stands there
        for occurrence, place in enumerate(positions):
            found[kind, place].append((name, occurrence))
    return [found[site] for site in sorted(found)]


def drawn(path: str, number: int, seed: int) -> Iterator[Mutant]:
    """So many mutants of a module, at different places; the same for the same source and seed."""
    source = Path(path).read_text(encoding="utf-8")
    rng, meaning = random.Random(f"{seed} {path}"), without_annotations(source)
    places = sites(source)
    rng.shuffle(places)
    for place in places:
        name, occurrence = rng.choice(place)
        code = mutate_code(source, get_operator(name)(), occurrence)
        if code is None or without_annotations(code) == meaning:
            continue
        pairs = zip(source.splitlines(), code.splitlines(), strict=False)
        line, before, after = next((i, old, new) for i, (old, new) in enumerate(pairs, 1) if old != new)
        yield Mutant(path, line, before.strip(), after.strip(), code)
        number -= 1
        if not number:
            return


def without_annotations(source: str) -> str:
    """What the code does: types are for readers and mypy, and `int | None` may read `int & None` unseen."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)
