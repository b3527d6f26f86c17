"""A problem from flags or from real files."""

from __future__ import annotations

from dataclasses import dataclass

import ufm
from ufm.problems.problem_settings import Reduction
from ufm.solution import Problem
from verify.cli.file_options import FILES, READING, FileOptions, Told
from verify.cli.loss_flags import BiasPenalty, Losses, bias_setting, loss_setting
from verify.reading.label_reading import LabelReading


@dataclass(frozen=True)
class ProblemOptions(FileOptions):
    """The problem: --classes with numbers of samples, or --labels, --counts, --targets, --probabilities."""

    loss: Losses = ()
    """Loss of all tasks, or one for each; cross-entropy unless given."""
    lambda_H: float = 5e-4
    """λ_H, beside the sum of losses (see --reduction)."""
    lambda_W: float = 5e-4
    """λ_W."""
    lambda_b: BiasPenalty = 5e-4
    """λ_b; 0 leaves the bias free, none is a model without bias."""
    task_weights: tuple[float, ...] = ()
    """c^1 … c^T; ones by default."""
    reduction: Reduction = "sum"
    """What the loss is over samples: sum or mean."""
    label_smoothing: float = 0.0
    """ε of label smoothing."""

    @property
    def given(self) -> bool:
        """Whether any flag differs from its default."""
        return self != ProblemOptions()

    def build(self) -> Problem:
        """ValueError names what is missing or contradictory."""
        return self.stated()[0]

    def stated(self, told: Told = lambda reading: None) -> tuple[Problem, LabelReading | None]:
        """The problem, and what was read of files; ``told`` hears that before anything is made of it."""
        loss: ufm.LossSettings = {
            "lambda_H": self.lambda_H,
            "lambda_W": self.lambda_W,
            "lambda_b": bias_setting(self.lambda_b),
            "reduction": self.reduction,
            "label_smoothing": self.label_smoothing,
            **loss_setting(self.loss),  # type: ignore[typeddict-item]
        }
        settings: ufm.ProblemSettings = {**loss, "task_weights": self.task_weights or None}
        if self._set(FILES):
            return self._from_any_file(loss, settings, told)
        of_files = self._set((*READING, "missing", "outputs"))
        if of_files:
            raise ValueError(f"{of_files}: of a file of {', '.join(f'--{name}' for name in FILES)}, and there is none")
        return self._counted(loss, settings), None


def with_names(problem: Problem, reading: LabelReading | None) -> Problem:
    """The problem with the names that were read, as far as a problem keeps any."""
    if reading is None or not isinstance(problem, ufm.SingleSource):
        return problem
    return problem.with_names([task.classes for task in reading.tasks], [task.name for task in reading.tasks])
