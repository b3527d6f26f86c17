"""``ufm theorem``: a theorem's statement and derivation, as LaTeX or text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from ufm.support.whole_file import write_whole
from ufm.support.writable import require_file


@dataclass(frozen=True)
class Theorem:
    """Print a theorem or law with its derivation from the objective, verified line by line, as LaTeX."""

    name: Annotated[str | None, tyro.conf.Positional] = None
    """3.1, B.2, 3.2, 5.1, pairwise-uniform, …: see --list."""
    plain: bool = False
    """Unicode text instead of LaTeX."""
    output: Path | None = None
    """File for a whole document, such as theorem.tex, which LaTeX compiles as it is."""
    list: bool = False
    """List the names."""

    def run(self) -> int:
        """0 where every line that can be verified symbolically holds, 1 otherwise."""
        from theory.derivations import NAMES, derive  # needs sympy

        console = Console()
        if self.list:
            for name in NAMES:
                console.print(f"{name:26}{derive(name).heading}", markup=False, highlight=False, soft_wrap=True)
            return 0
        if self.name is None:
            raise ValueError(f"name a theorem: {', '.join(NAMES)}")
        if self.output is not None:
            require_file(self.output, "--output", "theorem.tex")  # before the work, not after
        derivation = derive(self.name)
        failing = derivation.failing()
        if self.output is not None:
            text = derivation.plain() if self.plain else derivation.document()
            write_whole(self.output, text)
            console.print(f"written: {self.output}", markup=False, highlight=False, soft_wrap=True)
        else:
            text = derivation.plain() if self.plain else derivation.latex()
            print(text, end="")  # as it is, whatever the width of the terminal
        for step in failing:
            Console(stderr=True).print(f"does not hold: {step.equation}", markup=False, style="red", soft_wrap=True)
        return 1 if failing else 0
