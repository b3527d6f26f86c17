"""``ufm falsify``: a search for a certified counterexample to a claim."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from verify.cli.flags import Told
from verify.cli.loss_flags import NAMES
from verify.cli.page import Page
from verify.cli.terminal import Terminal, shell_words

if TYPE_CHECKING:
    from verify.falsification import Finding

NONE_FOUND, FOUND, UNTESTED, INTERRUPTED = 0, 1, 3, 130


@dataclass(frozen=True)
class Falsify:
    """Search a family of problems for a certified counterexample to a claim, and shrink it."""

    page: ClassVar[Page] = Page(
        takes="a fraction of a second for each small problem; --budget and --seconds bound it",
        writes="nothing, unless --save names a file",
        status=(
            "0: no counterexample found, which is no proof; 1: one found, or one that recurs under --replay; "
            "2: bad input; 3: the claim was never tested; 130: Ctrl-C before anything was found"
        ),
        examples=(
            ("ufm falsify --list", "Name the claims and the families of problems."),
            ("ufm falsify nc4 --family task-balanced --tasks 2 --save finding.json", "Is NC4 true of balanced tasks?"),
            ("ufm falsify nc3 --family correlated --loss squared-error --budget 50", "Another loss, fewer problems."),
            ("ufm falsify --replay finding.json", "Solve and certify a kept counterexample again."),
        ),
        groups=(
            ("The problems", ("family", "classes", "tasks", "lambdas", "task_weights", "loss", "bias", "missing")),
            ("The search", ("budget", "margin", "seed", "seconds", "dim", "method")),
        ),
    )

    claim: Annotated[str | None, Told(positional=True)] = None
    """Name of the claim, such as nc4; see --list."""
    family: str | None = None
    """Family of problems, such as task-balanced; see --list. Needed for a search."""
    classes: tuple[int, ...] = ()
    """K for every task, or K_1 … K_T. Default: the family's own range."""
    tasks: int | None = None
    """Number of tasks T. Default: the family's own range."""
    lambdas: tuple[float, ...] = ()
    """λ_H, λ_W and λ_b: one number, or LOW HIGH to draw powers of two between them. Default: the family's own range."""
    task_weights: tuple[float, ...] = ()
    """Weight c^t of every task: one number, or LOW HIGH to draw powers of two between them. Default: 1 each."""
    loss: Annotated[tuple[str, ...], Told(shown="LOSS …", choices=NAMES)] = ()
    """Loss of every problem, or several to draw one for each. Default: cross-entropy."""
    bias: Annotated[tuple[str, ...], Told(shown="penalized|free|none …")] = ()
    """Bias of every problem, or several to draw one for each. Default: penalized."""
    missing: tuple[int, ...] = ()
    """Labels left out of a problem: a number, or LOW HIGH. Default: none."""
    budget: int = 200
    """Problems to solve in the search, and again at most as many to shrink. Default: 200."""
    margin: float | None = None
    """Violation to exceed. Default: the claim's own."""
    seed: int = 0
    """Seed of the draws and of the solver. Default: 0."""
    seconds: float | None = None
    """Stop after this much time. Default: when the budget is spent."""
    dim: int | None = None
    """Feature dimension d. Default: what the theorems need."""
    method: Annotated[str, Told(shown="newton|gradient|convex", choices=("newton", "gradient", "convex"))] = "newton"
    """Solver; gradient frees every sample's feature, which nc1 needs. Default: newton."""
    save: Path | None = None
    """File for the finding (JSON), which --replay reads. Default: it is printed only."""
    replay: Annotated[Path | None, Told(read=True)] = None
    """Solve and certify the counterexample of this file again, in place of a search."""
    list: bool = False
    """Name the claims and the families, and stop."""

    def run(self) -> int:
        """The exit status."""
        terminal = Terminal()
        if self.list:
            return _list(Terminal(data=True))
        if self.replay is not None:
            return self._replay(terminal)
        return self._search(terminal)

    def _search(self, terminal: Terminal) -> int:
        from ufm.support.writable import require_file
        from verify import claims, strategies  # needs hypothesis
        from verify.falsification import ClaimError, falsify
        from verify.falsification.ended import Ended

        if self.claim is None or self.family is None:
            raise ValueError("ufm falsify needs a claim and --family, such as nc4 --family task-balanced; see --list")
        claim, family = claims.find(self.claim), strategies.family(self.family)
        if self.save is not None:
            require_file(self.save, "--save", "finding.json")  # before the work, not after
        problems = family(**self._family_options())
        with terminal.status("searching") as status:

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
                self._report(error.finding, terminal)
                raise
        self._report(finding, terminal)
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

    def _report(self, finding: Any, terminal: Terminal) -> None:
        try:
            if self.save is not None:
                finding.save(self.save)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            terminal.result(finding)
        if self.save is not None:
            terminal.written("saved", self.save)
            if finding.counterexample is not None:
                terminal.then(shell_words("ufm", "falsify", "--replay", self.save))
        elif finding.counterexample is not None:
            terminal.then("--save finding.json keeps it, for ufm falsify --replay finding.json")
        else:
            terminal.then("a larger --budget, or another --family: ufm falsify --list")

    def _replay(self, terminal: Terminal) -> int:
        from verify.falsification import replay

        given = [f.name for f in fields(self) if f.name != "replay" and getattr(self, f.name) != f.default]
        if given:
            flags = ", ".join(name if name == "claim" else f"--{name}" for name in given)
            raise ValueError(
                f"--replay takes the claim, the problem and how to solve it from the file; leave {flags} out"
            )
        assert self.replay is not None
        again = replay(self.replay)
        terminal.result(again)
        return FOUND if again.recurs else NONE_FOUND


def _list(terminal: Terminal) -> int:
    from ufm.support.display import Summary
    from verify import claims, strategies  # needs hypothesis

    stated = [(name, claim.statement) for name, claim in sorted(claims.LIBRARY.items())]
    families = [(name, (family.__doc__ or "").splitlines()[0]) for name, family in strategies.FAMILIES.items()]
    for of in (Summary("Claims", stated), Summary("Families of problems (--family)", families)):
        terminal.result(of.text())
    terminal.then("ufm falsify CLAIM --family FAMILY")
    return 0
