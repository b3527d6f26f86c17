"""``ufm measure``: trained networks beside theory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console

if TYPE_CHECKING:
    from ufm_networks.report import RunComparison


@dataclass(frozen=True)
class Measure:
    """Measure the networks of one or several runs, hold them against the model's certified optimum, write a report."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders that ufm train has written. Several are drawn on one curve. Or the one file of an observation."""
    output: Path = Path("measured")
    """Folder for measure.html, measure.md, measure.json and figures/."""
    device: str = "auto"
    """auto, cpu or cuda."""
    samples: int = 1000
    """Features placed in the plane by principal components and t-SNE."""
    seed: int = 0
    """Which samples, and the seed of t-SNE."""
    weight_decay: float | None = None
    """Of an observation: the optimizer's, from which the λ's in effect are derived."""

    def run(self) -> int:
        """0 where the optimum is certified for every run that has a model, 1 otherwise; 0 of an observation."""
        # here, so that the other commands run without the extra "networks"
        from ufm.support import validation
        from ufm_networks.measuring import measure_run, measuring_device, open_run
        from ufm_networks.report import compare_run, prepare_networks_report, write_networks_report
        from verify.certification.certificate import GLOBAL

        if not self.runs:
            raise ValueError("ufm measure needs the folder of a run, such as runs/small")
        if any(path.is_file() for path in self.runs):
            return self._observed()
        if self.weight_decay is not None:
            raise ValueError("--weight-decay is for the file of an observation; a run has its own")
        samples = validation.whole_number("--samples", self.samples, 2)
        seed = validation.whole_number("--seed", self.seed, 0, 2**32 - 1)
        measuring_device(self.device)
        prepare_networks_report(self.output)  # before the work, not after
        opened = [open_run(path) for path in self.runs]
        console = Console()
        compared = []
        with console.status("measuring") as status:
            for run, path in zip(opened, self.runs, strict=True):
                status.update(f"measuring {path}")
                measured = measure_run(run, device=self.device, samples=samples, seed=seed)
                compared.append(compare_run(measured))
        try:
            page = write_networks_report(compared, self.output)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            for one in compared:
                for line in _lines(one):
                    console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print(f"page: {page}", markup=False, highlight=False, soft_wrap=True)
        return 0 if all(gap.optimum.verdict == GLOBAL for one in compared for gap in one.gaps) else 1

    def _observed(self) -> int:
        """The page of a file that ``Observation.save`` wrote."""
        from ufm_networks.observing import load_observation

        if len(self.runs) > 1:
            raise ValueError(f"{self.runs[0]}: the file of an observation is measured by itself; name no other")
        if self.weight_decay is None:
            raise ValueError("an observation's λ's come of --weight-decay, such as 5e-4; it is missing")
        observed = load_observation(self.runs[0])
        page = observed.report(self.output, weight_decay=self.weight_decay, name=self.runs[0].stem)
        console = Console()
        for told in (observed, observed.certify(weight_decay=self.weight_decay)):
            console.print(str(told), markup=False, highlight=False, soft_wrap=True)
        console.print(f"page: {page}", markup=False, highlight=False, soft_wrap=True)
        return 0


def _lines(one: RunComparison) -> list[str]:
    name = one.measured.name
    if not one.gaps:
        return [f"{name}: no model to compare with: {one.model.reason}"]
    lines = []
    for gap in one.gaps:
        F = gap.stages[0]
        task = f", task {gap.part.tasks[0] + 1}" if one.measured.kind == "multi" else ""
        lines.append(f"{name}{task}: F = {F.objective:.8g}, (F − min F) / F = {F.excess:.3g}")
    return lines
