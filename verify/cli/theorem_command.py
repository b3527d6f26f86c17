"""``ufm theorem``: a theorem's statement and derivation, as LaTeX or text."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from verify.cli.flags import Told
from verify.cli.page import Page
from verify.cli.terminal import Terminal, shell_words


@dataclass(frozen=True)
class Theorem:
    """Print a theorem or law with its derivation from the objective, verified line by line, as LaTeX."""

    page: ClassVar[Page] = Page(
        takes="seconds",
        writes="nothing, unless --output names a file",
        status="0: every line that can be verified symbolically holds; 1: one does not; 2: bad input",
        examples=(
            ("ufm theorem --list", "Name the theorems and laws."),
            ("ufm theorem 5.1 --plain", "Theorem 5.1 as text."),
            ("ufm theorem 3.1 --output theorem.tex", "A whole document, which LaTeX compiles as it is."),
        ),
    )

    name: Annotated[str | None, Told(positional=True)] = None
    """3.1, B.2, 3.2, 5.1, pairwise-uniform, …: see --list."""
    plain: bool = False
    """Unicode text instead of LaTeX."""
    output: Path | None = None
    """File for a whole document, such as theorem.tex, which LaTeX compiles as it is. Default: it is printed."""
    list: bool = False
    """List the names."""

    def run(self) -> int:
        """0 if every line that can be verified symbolically holds, 1 otherwise."""
        from theory.derivations import NAMES, derive  # needs sympy
        from ufm.support.whole_file import write_whole
        from ufm.support.writable import require_file

        terminal = Terminal()
        if self.list:
            listing = Terminal(data=True)
            for name in NAMES:
                listing.result(f"{name:26}{derive(name).heading}")
            listing.then("ufm theorem NAME --plain")
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
            terminal.written("written", self.output)
            if not self.plain:
                terminal.then(shell_words("pdflatex", self.output))
        else:
            text = derivation.plain() if self.plain else derivation.latex()
            print(text, end="")  # as it is, whatever the width of the terminal
        for step in failing:
            print(f"does not hold: {step.equation}", file=sys.stderr)
        return 1 if failing else 0
