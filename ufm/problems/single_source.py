"""Problem (3): single-source multi-task classification, every sample labelled in every task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ufm.problems.empty_class import warn_of_empty_class_0
from ufm.problems.label_tuples import all_tuples, distinct_tuples, pairwise_uniform_tuples
from ufm.problems.missing_labels import absent_labels, refuse_class, refuse_nan, require_labelled
from ufm.problems.named_labels import NamedLabels, named_labels
from ufm.problems.names import Named
from ufm.problems.one_form import OneForm
from ufm.problems.problem_settings import ProblemSettings, Source
from ufm.problems.soft_labels import SoftLabels
from ufm.problems.standard_form import MISSING, Bool, Float, one_hot_targets
from ufm.support import display, validation


class SingleSource(Named, OneForm):
    """Problem (3) of the paper, SSMTC, on one feature per sample shared by all T tasks.

        min_{W,H,b}  Σ_t c^t ℓ_t(W^t H + b^t, Y^t) + λ_H ‖H‖_F² + λ_W Σ_t c^t ‖W^t‖_F² + λ_b Σ_t c^t ‖b^t‖²

    ℓ_t is the sum over samples of the task's loss: cross-entropy in the paper, binary cross-entropy or squared error
    with ``loss=``, one for all tasks or one for each. With ``reduction="sum"`` (the paper's proofs) the λ's stand
    beside that SUM; with ``"mean"`` it is divided by N and the penalties are not. No penalty has a factor 1/2. λ_b = 0
    leaves the bias free, λ_b = None means no bias.

    counts        integer array (K_1, …, K_T): samples with each label tuple; zeros allowed
    task_weights  c^t > 0, one per task, default all ones
    Public fields: ``classes``, ``labels`` (columns, T) the distinct label tuples that occur in lexicographic order,
    -1 where a task has no label, ``counts`` (columns,), ``task_weights`` (T,), ``lambda_H``, ``lambda_W``,
    ``lambda_b``, ``reduction``, ``loss``, ``losses`` (T,), ``label_smoothing``, ``samples`` (N); ``class_names``, T
    tuples of K_t, and ``task_names`` (T,) if the labels had names, else None.

    Raises ValueError or TypeError, naming the field, for λ ≤ 0 (λ_b < 0), counts that are negative, fractional or zero,
    K_t < 2, labels out of range, or an unknown reduction or loss.
    """

    source: Source = "single"

    def __init__(self, counts: Any, **settings: Unpack[ProblemSettings]) -> None:
        tensor = validation.count_array("counts", counts)
        if tensor.ndim == 0:
            raise ValueError("counts must have one axis per task, got a single number")
        classes = validation.class_numbers("counts.shape", tensor.shape)
        occurring = np.argwhere(tensor > 0)
        self._set(classes, occurring, tensor[tuple(occurring.T)], settings)

    def _set(
        self,
        classes: tuple[int, ...],
        labels: NDArray[np.int64],
        counts: NDArray[np.int64],
        settings: ProblemSettings,
    ) -> None:
        self.classes, self.labels, self.counts = classes, labels, counts
        self._settle(settings, len(classes))

    @classmethod
    def _from_columns(
        cls,
        classes: tuple[int, ...],
        labels: NDArray[np.int64],
        counts: NDArray[np.int64],
        **settings: Unpack[ProblemSettings],
    ) -> Self:
        """From label tuples (columns, T) that may repeat or have count 0, in any order; −1 is no label."""
        validation.check_range("labels", labels, classes, MISSING)
        require_labelled(labels[counts > 0])
        problem = cls.__new__(cls)
        problem._set(classes, *distinct_tuples(labels, counts), settings)
        return problem

    @classmethod
    def from_labels(
        cls, labels: Any, classes: Any = None, *, missing: int | str | None = None, **settings: Unpack[ProblemSettings]
    ) -> Self:
        """Builds the problem from the labels of a data set, by counting its label tuples.

        labels   (N, T) integers from 0; classes defaults to (largest label + 1) per task, and a UserWarning warns
                 of an empty class 0. Or text (N, T), or a DataFrame, Series or Categorical: classes are numbered
                 and their names kept (``ufm.problems.named_labels``)
        missing  the integer (for text, the string) that stands for no label, such as -1: such a sample has no loss in
                 that task, and "mean" still divides by N. Samples or tasks without any label are refused, and so
                 is a ``missing`` that is a class. In labels with names an empty cell means no label too
        Only the tuples that occur are stored: 40 binary attributes are no burden.
        """
        named = named_labels(labels, missing)
        if named is not None:
            return cls._from_named(named, classes, missing, settings)
        refuse_nan(labels)
        given = validation.label_array("labels", labels)
        absent = absent_labels(given, missing)
        array = np.where(absent, MISSING, given)
        largest = [max(2, int(k) + 1) for k in array.max(axis=0)]
        sizes = validation.class_numbers("classes", largest if classes is None else classes)
        if len(sizes) != array.shape[1]:
            raise ValueError(f"classes names {len(sizes)} tasks, labels has {array.shape[1]} columns")
        validation.check_range("labels", np.where(absent, 0, given), sizes)
        refuse_class(missing, sizes)
        problem = cls._from_columns(sizes, array, np.ones_like(array[:, 0]), **settings)
        if classes is None:
            warn_of_empty_class_0("labels", array)
        return problem

    @classmethod
    def _from_named(cls, named: NamedLabels, classes: Any, missing: Any, settings: ProblemSettings) -> Self:
        sizes = named.sizes(classes)
        for t, column in enumerate(named.columns):
            if column.classes is None and not isinstance(missing, str):
                refuse_class(missing, sizes[t : t + 1])
        problem = cls._from_columns(sizes, named.array, np.ones_like(named.array[:, 0]), **settings)
        if classes is None:
            warn_of_empty_class_0("labels", named.array, [c.classes is None for c in named.columns])
        problem._name(named.class_names(sizes), named.tasks)
        return problem

    @staticmethod
    def from_probabilities(
        probabilities: Sequence[Any], counts: Any = None, **settings: Unpack[ProblemSettings]
    ) -> SoftLabels:
        """Builds the problem from soft labels, as in distillation and mixup: a distribution over classes per sample and
        task.

        probabilities  [P_1, …, P_T], P_t (N, K_t); rows sum to 1, except under binary cross-entropy. Equal rows are one
                       column
        counts         (N,) samples behind each row, 1 by default

        Returns a ``SoftLabels`` problem, which is Problem (3) with other targets.
        """
        return SoftLabels(probabilities, counts, **settings)

    @classmethod
    def balanced(cls, classes: Any = (10, 10), n: int = 100, **settings: Unpack[ProblemSettings]) -> Self:
        """Label-balanced: n samples of every one of the Π K_t label tuples (Theorem 3.1, B.2)."""
        sizes = validation.class_numbers("classes", classes)
        n = validation.whole_number("n", n, 1)
        labels = all_tuples(sizes)
        validation.check_samples("n", n * len(labels))
        return cls._from_columns(sizes, labels, np.full(len(labels), n, dtype=np.int64), **settings)

    @classmethod
    def correlated(
        cls, classes: int = 2, *, n_same: int, n_different: int, **settings: Unpack[ProblemSettings]
    ) -> Self:
        """Two tasks of K classes: n_same samples where the labels agree, n_different elsewhere (Section 5.2)."""
        k = validation.whole_number("classes", classes, 2)
        n_same = validation.whole_number("n_same", n_same, 0)
        n_different = validation.whole_number("n_different", n_different, 0)
        validation.check_columns(f"classes={k}", k * k, "use from_labels(...), which stores only tuples that occur")
        validation.check_samples("n_same", k * n_same)
        validation.check_samples("n_different", k * (k - 1) * n_different)
        counts = np.full((k, k), n_different, dtype=np.int64)
        np.fill_diagonal(counts, n_same)
        return cls(counts, **settings)

    @classmethod
    def orthogonal_array(cls, classes: int, tasks: int, n: int = 1, **settings: Unpack[ProblemSettings]) -> Self:
        """n samples of each of K² label tuples in which every PAIR of tasks is uniform (beyond the paper).

        An orthogonal array of strength 2: up to three tasks for any K (cyclic Latin square), up to K + 1 for prime K.
        """
        k = validation.whole_number("classes", classes, 2)
        t = validation.whole_number("tasks", tasks, 2)
        n = validation.whole_number("n", n, 1)
        validation.check_samples("n", n * k * k)
        labels = pairwise_uniform_tuples(k, t)
        return cls._from_columns((k,) * t, labels, np.full(len(labels), n, dtype=np.int64), **settings)

    def count_tensor(self) -> NDArray[np.int64]:
        """Dense (K_1, …, K_T) counts; raises MemoryError if Π K_t is too large, ValueError if labels are missing."""
        if self.labels.min() == MISSING:
            raise ValueError("samples with missing labels have no place in a dense tensor; use .labels and .counts")
        size = math.prod(self.classes)
        if size > validation.MAX_COLUMNS:
            raise MemoryError(f"{size:.3g} label tuples do not fit a dense tensor; use .labels and .counts")
        dense = np.zeros(self.classes, dtype=np.int64)
        dense[tuple(self.labels.T)] = self.counts
        return dense

    def _targets(self) -> Float:
        """One-hot per task, smoothed by ε."""
        return one_hot_targets(self.labels, self.classes, self.label_smoothing)

    def _labelled(self) -> Bool | None:
        labelled = self.labels.T != MISSING
        return None if labelled.all() else labelled

    def _summary(self) -> display.Summary:
        sizes = " × ".join(map(str, self.classes))
        partial = int((self.labels == MISSING).any(axis=1).sum())
        tuples = f"{len(self.counts):,}, {partial:,} with labels missing"
        if not partial:
            tuples = f"{len(self.counts):,} of {math.prod(self.classes):,} occur"
        return display.problem_summary(
            "Problem (3), single source",
            self,
            [
                ("classes", sizes),
                *self._named_rows(),
                ("label tuples", tuples),
                ("samples", f"{self.samples:,} ({self.counts.min():,} to {self.counts.max():,} per tuple)"),
            ],
        )
