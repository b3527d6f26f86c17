"""Problem (4): multi-source multi-task classification, each task with its own samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from ufm.problems.empty_class import warn_of_empty_class_0
from ufm.problems.label_tuples import distinct_tuples
from ufm.problems.problem_settings import ProblemSettings, Settled, Source
from ufm.problems.standard_form import StandardForm, one_hot_targets
from ufm.support import display, validation


class MultiSource(Settled):
    """Problem (4) of the paper, MSMTC: T tasks, each with its own N_t samples and features H^t.

        min  Σ_t c^t [ ℓ_t(W^t H^t + b^t, Y^t) + λ_H ‖H^t‖_F² + λ_W ‖W^t‖_F² + λ_b ‖b^t‖² ]

    It is separable: T single-task problems whose λ's are unchanged, since c^t factors out of each. With
    ``reduction="sum"`` the λ's stand beside the SUM of losses; with ``"mean"`` the loss of task t is divided
    by N_t (the paper's eq. 2) and the penalties are not. Losses and biases as in SingleSource.

    counts        list of T integer arrays (K_t,): samples per class of task t; zeros allowed
    Public fields: as in SingleSource, but ``labels`` is a tuple of T arrays (columns_t, 1) and ``counts`` a tuple
    of T arrays (columns_t,), both over the classes that occur; ``samples`` is Σ N_t.

    Raises as SingleSource.
    """

    source: Source = "multi"

    def __init__(
        self,
        counts: Sequence[Any],
        **settings: Unpack[ProblemSettings],
    ) -> None:
        if not validation.is_list(counts):
            raise TypeError(f"counts must be a list of T arrays (K_t,), one per task, got {counts!r}")
        dense = [validation.count_array(f"counts[{t}]", c) for t, c in enumerate(counts)]
        for t, c in enumerate(dense):
            if c.ndim != 1:
                raise ValueError(f"counts[{t}] must have shape (K_t,), got {c.shape}")
        classes = tuple(validation.whole_number(f"len(counts[{t}])", len(c), 2) for t, c in enumerate(dense))
        self._set(classes, tuple(np.argwhere(c > 0) for c in dense), tuple(c[c > 0] for c in dense), settings)

    def _set(
        self,
        classes: tuple[int, ...],
        labels: tuple[NDArray[np.int64], ...],
        counts: tuple[NDArray[np.int64], ...],
        settings: ProblemSettings,
    ) -> None:
        self.classes = classes
        self.labels = labels
        self.counts = counts
        self._settle(settings, len(classes))

    @classmethod
    def _from_columns(
        cls,
        classes: tuple[int, ...],
        labels: Sequence[NDArray[np.int64]],
        counts: Sequence[NDArray[np.int64]],
        **settings: Unpack[ProblemSettings],
    ) -> Self:
        """From classes (columns_t, 1) per task, repeated or of count 0, in any order; no array has K_t entries."""
        for t, k in enumerate(classes):
            validation.check_range(f"labels[{t}]", labels[t], (k,))
        columns = [distinct_tuples(y, n) for y, n in zip(labels, counts, strict=True)]
        problem = cls.__new__(cls)
        problem._set(classes, tuple(y for y, _ in columns), tuple(n for _, n in columns), settings)
        return problem

    @classmethod
    def from_labels(cls, labels: Sequence[Any], classes: Any = None, **settings: Unpack[ProblemSettings]) -> Self:
        """Counts the labels of a data set per task; labels is a list of T integer vectors (N_t,).

        classes defaults as in ``SingleSource.from_labels``, with its warning.
        """
        if not validation.is_list(labels):
            raise TypeError("labels must be a list of T vectors (N_t,), one per task")
        vectors = [validation.label_array(f"labels[{t}]", y, tasks=1) for t, y in enumerate(labels)]
        largest = [max(2, int(y.max()) + 1) for y in vectors]
        sizes = validation.class_numbers("classes", largest if classes is None else classes)
        if len(sizes) != len(vectors):
            raise ValueError(f"classes names {len(sizes)} tasks, labels has {len(vectors)}")
        for t, y in enumerate(vectors):
            validation.check_range(f"labels[{t}]", y, (sizes[t],))
        for t, y in enumerate(vectors if classes is None else ()):
            warn_of_empty_class_0(f"labels[{t}]", y)
        counts = [np.bincount(y[:, 0], minlength=k) for y, k in zip(vectors, sizes, strict=True)]
        return cls(counts, **settings)

    @classmethod
    def balanced(cls, classes: Any = (10, 10), n: Any = 100, **settings: Unpack[ProblemSettings]) -> Self:
        """Class-balanced tasks: n samples of every class, one number or one n_t per task (Theorem 3.2)."""
        sizes = validation.class_numbers("classes", classes)
        per_task = list(n) if validation.is_list(n) else [n] * len(sizes)
        if len(per_task) != len(sizes):
            raise ValueError(f"n must be one number or {len(sizes)} numbers, one per task, got {n!r}")
        whole = [validation.whole_number(f"n[{t}]", n_t, 1) for t, n_t in enumerate(per_task)]
        for t, (k, n_t) in enumerate(zip(sizes, whole, strict=True)):
            validation.check_samples(f"n[{t}]", k * n_t)
        return cls([np.full(k, n_t) for k, n_t in zip(sizes, whole, strict=True)], **settings)

    @property
    def samples(self) -> int:
        """Σ N_t."""
        return sum(int(c.sum()) for c in self.counts)

    def count_tensor(self) -> list[NDArray[np.int64]]:
        """Dense counts (K_t,), one array per task, classes without samples included."""
        dense = []
        for k, y, c in zip(self.classes, self.labels, self.counts, strict=True):
            dense.append(np.bincount(y[:, 0], weights=c, minlength=k).astype(np.int64))
        return dense

    def standard_forms(self) -> tuple[StandardForm, ...]:
        """T single-task forms, one for each task and its samples, with ω = c^t (N_t c^t under "mean")."""
        self._require_known()
        forms = []
        for t, (k, y, n) in enumerate(zip(self.classes, self.labels, self.counts, strict=True)):
            scale = 1.0 if self.reduction == "sum" else float(n.sum())
            c = self.task_weights[t]
            forms.append(
                StandardForm(
                    classes=(k,),
                    targets=one_hot_targets(y, (k,), self.label_smoothing),
                    multiplicity=n / scale,
                    omega=np.full(len(n), c * scale),
                    task_weights=np.array([c]),
                    lambda_H=self.lambda_H,
                    lambda_W=self.lambda_W,
                    lambda_b=self.lambda_b,
                    losses=self.losses[t : t + 1],
                )
            )
        return tuple(forms)

    def _summary(self) -> display.Summary:
        sizes = ", ".join(map(str, self.classes))
        per_class = ", ".join(f"{c.min():,} to {c.max():,}" for c in self.counts[:6])
        return display.problem_summary(
            "Problem (4), multi source",
            self,
            [
                ("classes", sizes),
                ("samples", f"{self.samples:,} in {len(self.classes)} tasks"),
                ("samples per class", per_class + (", …" if len(self.counts) > 6 else "")),
            ],
        )

    def __repr__(self) -> str:
        return f"MultiSource(classes={self.classes}, samples={self.samples}, {self._settings_repr()})"
