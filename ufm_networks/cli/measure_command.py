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
    """Folders that ufm train has written. Several are drawn on one curve."""
    output: Path = Path("measured")
    """Folder for measure.html, measure.md, measure.json and figures/."""
    device: str = "auto"
    """auto, cpu or cuda."""
    samples: int = 1000
    """Features placed in the plane by principal components and t-SNE."""
    seed: int = 0
    """Which samples, and the seed of t-SNE."""

    def run(self) -> int:
        """0 where the model's optimum is certified for every run that has a model, 1 otherwise."""
        # here, so that the other commands run without the extra "networks"
        from ufm.support import validation
        from ufm_networks.measuring import measure_run, measuring_device, open_run
        from ufm_networks.report import compare_run, prepare_networks_report, write_networks_report
        from verify.certification.certificate import GLOBAL

        if not self.runs:
            raise ValueError("ufm measure needs the folder of a run, such as runs/small")
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
