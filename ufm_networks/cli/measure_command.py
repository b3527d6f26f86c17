"""``ufm measure``: trained networks compared with theory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from verify.cli.devices import AnyDevice, require_device
from verify.cli.flags import Told
from verify.cli.loss_flags import NAMES, BiasPenalty, bias_setting, loss_setting
from verify.cli.page import Page
from verify.cli.terminal import Terminal, shell_words

if TYPE_CHECKING:
    from ufm_networks.report import RunComparison


@dataclass(frozen=True)
class Measure:
    """Measure the networks of one or several runs, compare them with the model's certified optimum, write a report."""

    page: ClassVar[Page] = Page(
        takes="seconds for a small network on digits; minutes for a ResNet-18",
        writes="measure.html, measure.md, measure.json and figures/ in the folder of --output",
        status="0: the optimum is certified for every run that has a model, or an observation; 1: not; 2: bad input",
        examples=(
            ("ufm measure runs/small", "One run that ufm train has written."),
            ("ufm measure runs/small-seed1 runs/small-seed2 --output both", "Two runs on one curve."),
            ("ufm measure observation.safetensors --weight-decay 5e-4", "What ufm_networks.observe has saved."),
        ),
        groups=(
            ("Of runs", ("device", "samples", "seed")),
            ("Of an observation", ("weight_decay", "lambda_H", "lambda_W", "lambda_b", "loss", "json")),
        ),
    )

    runs: Annotated[tuple[Path, ...], Told(positional=True, read=True)]
    """Folders that ufm train has written. Several are drawn on one curve. Or the one file of an observation."""
    output: Path = Path("measured")
    """Folder for measure.html, measure.md, measure.json and figures/; an earlier page there is replaced. Default:
    measured."""
    device: AnyDevice = "auto"
    """Where to measure. Default: auto, cuda where there is one."""
    samples: int = 1000
    """Features placed in the plane by principal components and t-SNE. Default: 1000."""
    seed: int = 0
    """Which samples, and the seed of t-SNE. Default: 0."""
    weight_decay: float | None = None
    """Weight decay of the optimizer, from which the λ's in effect are derived. Default: no λ's, so metrics only,
    and no model to compare with."""
    lambda_H: float | None = None
    """λ_H beside the sum of losses, with --lambda-W and --lambda-b in place of --weight-decay. Default: the one in
    effect."""
    lambda_W: float | None = None
    """λ_W. Needed for a model, unless --weight-decay is given."""
    lambda_b: BiasPenalty | None = None
    """λ_b; 0 leaves the bias free, none is a model without bias. Needed for a model, unless --weight-decay is given."""
    loss: Annotated[tuple[str, ...], Told(shown="LOSS …", choices=NAMES)] = ()
    """Loss of all tasks, or one for each. Default: cross-entropy."""
    json: bool = False
    """Print what was observed and its certificate as JSON."""

    def run(self) -> int:
        """0 if the optimum is certified for every run that has a model, 1 otherwise; 0 for an observation."""
        # here, so that the other commands run without the extra "networks"
        from ufm.support import validation
        from ufm_networks.measuring import measure_run, measuring_device, open_run
        from ufm_networks.report import compare_run, prepare_networks_report, write_networks_report
        from verify.certification.certificate import GLOBAL

        if not self.runs:
            raise ValueError("ufm measure needs the folder of a run, such as runs/small")
        if any(path.is_file() or path.suffix == ".safetensors" for path in self.runs):
            return self._observed()
        if given := self._of_observations():
            raise ValueError(f"{given} is for the file of an observation; a run has its own")
        require_device(self.device, auto=True)
        samples = validation.whole_number("--samples", self.samples, 2)
        seed = validation.whole_number("--seed", self.seed, 0, 2**32 - 1)
        measuring_device(self.device)
        prepare_networks_report(self.output)  # before the work, not after
        opened = [open_run(path) for path in self.runs]
        terminal = Terminal()
        compared = []
        with terminal.status("measuring") as status:
            for run, path in zip(opened, self.runs, strict=True):
                status.update(f"measuring {path}")
                measured = measure_run(run, device=self.device, samples=samples, seed=seed)
                compared.append(compare_run(measured))
        try:
            page = write_networks_report(compared, self.output)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            for one in compared:
                for line in _lines(one):
                    terminal.result(line)
        terminal.written("page", page)
        terminal.then(f"open {page} in a browser")
        return 0 if all(gap.optimum.verdict == GLOBAL for one in compared for gap in one.gaps) else 1

    def _observed(self) -> int:
        """Writes the page of a file that ``Observation.save`` wrote."""
        from ufm.support.strict_json import as_json
        from ufm_networks.observing import load_observation

        if len(self.runs) > 1:
            raise ValueError(f"{self.runs[0]}: the file of an observation is measured by itself; name no other")
        for name, given, default in zip(
            ("--device", "--samples", "--seed"),
            (self.device, self.samples, self.seed),
            (Measure.device, Measure.samples, Measure.seed),
            strict=True,
        ):
            if given != default:
                raise ValueError(f"{name} is for runs; {self.runs[0]} is the file of an observation, without features")
        chosen = self._chosen()
        observed = load_observation(self.runs[0])
        page = observed.report(self.output, name=self.runs[0].stem, **chosen)
        certificate = observed.certify(**chosen) if chosen else None
        if self.json:
            whole = {"observation": observed, "certificate": certificate}
            parts = {name: None if of is None else of.to_dict() for name, of in whole.items()}
            print(as_json({**parts, "page": str(page)}), end="")
            return 0
        terminal = Terminal()
        terminal.tell(observed)
        terminal.result(certificate or "no λ's, so no certificate: give --weight-decay, or --lambda-W and --lambda-b")
        terminal.written("page", page)
        again = f"{shell_words('ufm', 'measure', self.runs[0])} --weight-decay X, your optimizer's, for a certificate"
        terminal.then(f"open {page} in a browser", *([] if certificate else [again]))
        return 0

    def _of_observations(self) -> str:
        """The first given flag that does not apply to runs, or None."""
        flags = {
            "--weight-decay": self.weight_decay,
            "--lambda-H": self.lambda_H,
            "--lambda-W": self.lambda_W,
            "--lambda-b": self.lambda_b,
            "--loss": self.loss or None,
            "--json": self.json or None,
        }
        return next((name for name, value in flags.items() if value is not None), "")

    def _chosen(self) -> dict[str, Any]:
        """The λ's and losses as ``Observation.certify`` takes them."""
        lambdas = {"--lambda-H": self.lambda_H, "--lambda-W": self.lambda_W, "--lambda-b": self.lambda_b}
        given = [name for name, value in lambdas.items() if value is not None]
        if self.weight_decay is not None:
            if given:
                raise ValueError(
                    f"{given[0]} and --weight-decay: the λ's come from one of the two; leave the other out"
                )
            return {"weight_decay": self.weight_decay, **loss_setting(self.loss)}
        if not given and self.loss:
            raise ValueError("--loss needs a model, whose λ's come from --weight-decay, such as 5e-4, or of --lambda-W")
        if not given:
            return {}
        if self.lambda_W is None or self.lambda_b is None:
            missing = "--lambda-W" if self.lambda_W is None else "--lambda-b"
            raise ValueError(f"{missing} is missing beside {given[0]}; only --lambda-H may be left out")
        return {"lambdas": (self.lambda_H, self.lambda_W, bias_setting(self.lambda_b)), **loss_setting(self.loss)}


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
