"""``ufm falsify``: a search for a certified counterexample to a claim."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from ufm.support.writable import require_file
from verify import claims
from verify.falsification import ClaimError, Finding, falsify, replay
from verify.falsification.ended import Ended

NONE_FOUND, FOUND, UNTESTED, INTERRUPTED = 0, 1, 3, 130


@dataclass(frozen=True)
class Falsify:
    """Search a family of problems for a certified counterexample to a claim, and shrink it.

    Exit status: 0, no counterexample found (no proof); 1, a counterexample found, or one that recurs under --replay;
    2, bad input; 3, the claim was never tested; 130, Ctrl-C before anything was found.
    """

    claim: Annotated[str | None, tyro.conf.Positional] = None
    """Name of the claim, such as nc4; see --list."""
    family: str | None = None
    """Family of problems, such as task-balanced; see --list."""
    classes: tuple[int, ...] = ()
    """K for every task, or K_1 … K_T; by default the family's own range."""
    tasks: int | None = None
    """Number of tasks T; by default the family's own range."""
    lambdas: tuple[float, ...] = ()
    """λ_H, λ_W and λ_b: one number, or LOW HIGH to draw powers of two between them."""
    task_weights: tuple[float, ...] = ()
    """Weight c^t of every task: one number, or LOW HIGH to draw powers of two between them; 1 by default."""
    loss: tuple[str, ...] = ()
    """Loss of every problem, or several to draw one for each; cross-entropy by default."""
    bias: tuple[str, ...] = ()
    """penalized, free or none, or several to draw one for each problem; penalized by default."""
    missing: tuple[int, ...] = ()
    """Labels left out of a problem: a number, or LOW HIGH; none by default."""
    budget: int = 200
    """Problems to solve in the search, and again at most as many to shrink."""
    margin: float | None = None
    """Violation to exceed; by default the claim's own."""
    seed: int = 0
    """Of the draws and of the solver."""
    seconds: float | None = None
    """Stop after this much time."""
    dim: int | None = None
    """Feature dimension d; by default what the theorems need."""
    method: str = "newton"
    """Solver; gradient frees every sample's feature, which nc1 needs."""
    save: Path | None = None
    """File for the finding (JSON)."""
    replay: Path | None = None
    """Solve and certify the counterexample of this file again, in place of a search."""
    list: bool = False
    """Name the claims and the families, and stop."""

    def run(self) -> int:
        """The exit status."""
        console = Console()
        if self.list:
            return _list(console)
        if self.replay is not None:
            return self._replay(console)
        return self._search(console)

    def _search(self, console: Console) -> int:
        from verify import strategies  # needs hypothesis

        if self.claim is None or self.family is None:
            raise ValueError("ufm falsify needs a claim and --family, such as nc4 --family task-balanced; see --list")
        claim, family = claims.find(self.claim), strategies.family(self.family)
        if self.save is not None:
            require_file(self.save, "--save", "finding.json")  # before the work, not after
        problems = family(**self._family_options())
        with console.status("searching") as status:

            def show(so_far: Finding) -> None:
                found = f", {so_far.shrinking} to shrink" if so_far.counterexample is not None else ""
                status.update(f"{so_far.tried} of {self.budget} problems tried{found}")

            try:
                finding = falsify(
                    claim,
                    problems,
                    self.budget,
                    margin=self.margin,
                    seed=self.seed,
                    seconds=self.seconds,
                    dim=self.dim,
                    method=self.method,
                    progress=show,
                )
            except ClaimError as error:
                self._report(error.finding, console)
                raise
        self._report(finding, console)
        if finding.counterexample is not None:
            return FOUND
        if finding.ended is Ended.INTERRUPTED:
            return INTERRUPTED
        return NONE_FOUND if finding.verdict == "no counterexample found" else UNTESTED

    def _family_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.classes:
            options["classes"] = self.classes[0] if len(self.classes) == 1 else self.classes
        if self.tasks is not None:
            if len(self.classes) > 1 and len(self.classes) != self.tasks:
                raise ValueError(f"--tasks {self.tasks} does not fit --classes of {len(self.classes)} tasks")
            options["tasks"] = self.tasks
        for name in ("lambdas", "task_weights", "loss", "bias", "missing"):
            values = getattr(self, name)
            if values:
                options[name] = values[0] if len(values) == 1 else values
        return options

    def _report(self, finding: Any, console: Console) -> None:
        try:
            if self.save is not None:
                finding.save(self.save)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            _print(finding, console)
        if self.save is not None:
            console.print(f"saved: {self.save}", markup=False, highlight=False, soft_wrap=True)

    def _replay(self, console: Console) -> int:
        given = [f.name for f in fields(self) if f.name != "replay" and getattr(self, f.name) != f.default]
        if given:
            flags = ", ".join(name if name == "claim" else f"--{name}" for name in given)
            raise ValueError(
                f"--replay takes the claim, the problem and how to solve it from the file; leave {flags} out"
            )
        assert self.replay is not None
        again = replay(self.replay)
        _print(again, console)
        return FOUND if again.recurs else NONE_FOUND


def _list(console: Console) -> int:
    from ufm.support.display import Summary
    from verify import strategies  # needs hypothesis

    stated = [(name, claim.statement) for name, claim in sorted(claims.LIBRARY.items())]
    families = [(name, (family.__doc__ or "").splitlines()[0]) for name, family in strategies.FAMILIES.items()]
    for of in (Summary("Claims", stated), Summary("Families of problems (--family)", families)):
        _print(of.text(), console)
    return 0


def _print(value: Any, console: Console) -> None:
    console.print(str(value), markup=False, highlight=False, soft_wrap=True)
