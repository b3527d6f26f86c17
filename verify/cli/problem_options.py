"""A problem from flags or from real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import ufm
from verify.cli.file_options import FILES, READING, FileOptions
from verify.cli.loss_flags import BiasPenalty, Losses, bias_setting, loss_setting

if TYPE_CHECKING:
    from ufm.solution import Problem
    from verify.reading.label_reading import LabelReading


@dataclass(frozen=True)
class ProblemOptions(FileOptions):
    """Losses, penalties and weights"""

    loss: Losses = ()
    lambda_H: float = 5e-4
    """λ_H, of the features, beside the sum of losses (see --reduction). Default: 5e-4."""
    lambda_W: float = 5e-4
    """λ_W, of the heads. Default: 5e-4."""
    lambda_b: BiasPenalty = 5e-4
    """λ_b, of the biases; 0 leaves them free, none is a model without bias. Default: 5e-4."""
    task_weights: tuple[float, ...] = ()
    """Weights c^1 … c^T of the tasks. Default: 1 each."""
    reduction: Literal["sum", "mean"] = "sum"
    """Whether the loss is the sum or the mean over samples. Default: sum, as in the paper's proofs."""
    label_smoothing: float = 0.0
    """ε of label smoothing, in [0, 1). Default: 0, none."""

    @property
    def given(self) -> bool:
        """Whether any flag differs from its default."""
        return self != ProblemOptions()

    def build(self) -> Problem:
        """Builds the problem; raises ValueError naming what is missing or contradictory."""
        return self.stated()[0]

    def stated(self, told: Callable[[LabelReading], Any] = lambda reading: None) -> tuple[Problem, LabelReading | None]:
        """The problem, and what was read from files, which ``told`` gets before the problem is built."""
        loss: ufm.LossSettings = {
            "lambda_H": self.lambda_H,
            "lambda_W": self.lambda_W,
            "lambda_b": bias_setting(self.lambda_b),
            "reduction": self.reduction,
            "label_smoothing": self.label_smoothing,
            **loss_setting(self.loss),  # type: ignore[typeddict-item]
        }
        settings: ufm.ProblemSettings = {**loss, "task_weights": self.task_weights or None}
        if self.flags_set(FILES):
            from verify.cli.file_problems import from_any_file

            return from_any_file(self, loss, settings, told)
        of_files = self.flags_set((*READING, "missing", "outputs"))
        if of_files:
            raise ValueError(f"{of_files}: of a file of {', '.join(f'--{name}' for name in FILES)}, and there is none")
        return self._counted(loss, settings), None


def with_names(problem: Problem, reading: LabelReading | None) -> Problem:
    """The problem with the names read from files, if it keeps names."""
    if reading is None or not isinstance(problem, ufm.SingleSource):
        return problem
    return problem.with_names([task.classes for task in reading.tasks], [task.name for task in reading.tasks])
