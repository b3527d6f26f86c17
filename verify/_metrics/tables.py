"""Tables 5 and 6 of the paper, and the metrics of multi-label collapse, measured at any point."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np

from verify._metrics.classic import classic as classic_metrics
from verify._metrics.label_set_decoding import decoding_error
from verify._metrics.measured import NAMES, ZERO_VECTOR, Metrics, Undefined
from verify._metrics.nearest_centre import disagreement_rate
from verify._metrics.orthogonality import cross_task_cosines
from verify._metrics.regression_features import principal_distance, row_space_distance
from verify._metrics.regression_heads import root_covariance_distance
from verify._metrics.self_duality import single_label_duality, squared_distances_to_heads
from verify._metrics.simplex_angles import simplex_angles
from verify._metrics.simplex_norms import simplex_norms
from verify._metrics.sum_of_heads import distance_from_summed_heads
from verify._metrics.tag_sums import tag_sum_angle
from verify._metrics.variability import within_label_variance
from verify._metrics.without_problem import labelled_point
from verify.reading.form import Float, Problem, Source
from verify.reading.read import At, read
from verify.reading.remembered import remembered
from verify.reading.samples import Samples

Measure = Callable[[tuple[Samples, ...]], float]

NO_CLASSES: dict[Source, str] = {
    "soft": "soft labels have no classes",
    "regression": "real targets have no classes",
}
OF_CLASSES = ("SNC2_1", "SNC2_2", "SNC4", "SNC5")
METRIC = re.compile(r"^([SM]?NC(\d|_m)|NRC\d)")  # what a column of a history is called where it holds one of these


def metrics(
    problem: Problem | At | None = None,
    solution: Any = None,
    *,
    W: Any = None,
    H: Any = None,
    b: Any = None,
    labels: Any = None,
    classes: Any = None,
    classic: bool = False,
) -> Metrics:
    """Neural-collapse metrics of a solution, or of W=, H=, b= of any origin, such as a trained network.

    SingleSource (Table 5)                                         MultiSource (Table 6)
    SNC1      tr Ave (h − μ)(h − μ)ᵀ                               MNC1    the same, mean over tasks
    SNC2_1    Ave |cos(w_k^t, w_k'^t) + 1/(K_t − 1)|               MNC2_1  the same
    SNC2_2    Ave_t Std_k ‖w_k^t‖ / Ave_k ‖w_k^t‖                  MNC2_2  the same
    SNC3      Ave |cos(w_k^t, w_k'^t')|, t ≠ t'                    MNC3    Ave_{t,k} ‖μ̃_k^t − w̃_k^t‖²
    SNC3_max  their maximum (Section 4.3)                          MNC4    as SNC5, mean over tasks
    SNC4      Ave ‖h̃ − s/‖s‖‖, s = Σ_t √(c^t K_t) w_{k_t}^t
    SNC5      fraction of samples whose head decisions, biases included, are not the nearest class centre's

    Regression (Andriopoulos et al., NeurIPS 2024), beside SNC1, SNC3 and SNC3_max
    NRC1    Ave ‖h̃ − proj(h̃ | H_PCA)‖², h̃ = h/‖h‖, H_PCA the n principal components of the features, n = Σ K_t
    NRC2    Ave ‖h̃ − proj(h̃ | Wᵀ)‖²
    NRC3    ‖W Wᵀ/‖W Wᵀ‖ − A/‖A‖‖², A = Σ^{1/2} − γ^{1/2} I, Σ the covariance of the targets, at the best γ ≤ λ_min(Σ)

    Averages over features are over SAMPLES: with labels= (columns, T) a label seen n_l times with m_l columns gives
    each weight n_l / m_l. h̃ and μ̃ but of NRC are centred by the mean of all samples (of the task) and normalized.
    Ties in SNC5 and MNC4 do not count as disagreement. Means and centres are over the labels that occur.

    Missing labels (−1). A sample is left out in a task where it has no label: of SNC1 no label is a label like the
    others, samples with the same tuple share a mean; s of SNC4 sums over the tasks with a label; SNC5 decides in these
    tasks, for the nearest centre of the label tuples that have labels in the same tasks. SNC2 and SNC3 see heads only.

    MultiLabel (metrics of Li et al., ICML 2024, in the conventions above)
    NC1     as SNC1, μ the mean of the label set              NC2_1, NC2_2  as SNC2_1, SNC2_2, of the one head
    NC3     as MNC3, of samples of multiplicity 1, centred by their mean
    NC_m    ∠(μ_S, Σ_{k∈S} μ_k) relative to its average over all label sets S of the same size; μ_k of multiplicity 1
    NN_decoding_error  fraction of samples whose nearest label-set mean is of another label set
    See ``verify._metrics.tag_sums`` for what NC_m needs.

    classic=True adds, per task and then averaged over tasks, with K' classes that have samples, Σ_W = Ave (h − μ_k)(h −
    μ_k)ᵀ, Σ_B = Σ_k p_k (μ_k − μ_G)(μ_k − μ_G)ᵀ, p_k the fraction of samples of class k:
    pinv_NC1          tr(Σ_W Σ_B⁺) / K'                           trace_NC1        tr Σ_W / tr Σ_B
    CDNV              Ave_{k≠l} (σ_k² + σ_l²) / (2 ‖μ_k − μ_l‖²)  self_duality     ‖W/‖W‖ − Mᵀ/‖M‖‖, M = [μ_k − μ_G]
    means_cosine      as SNC2_1, of μ_k − μ_G                     means_equinorm   as SNC2_2, of μ_k − μ_G
    heads_cosine      as SNC2_1, per task                         heads_equinorm   as SNC2_2
    centre_agreement  how often a head decides for its nearest μ_k
    effective_rank    exp of the entropy of the singular values of H
    self_duality is of tasks with features of their own. Sources: Papyan et al. (2020), Galanti et al. (2022), Roy and
    Vetterli (2007). SNC1 and MNC1 are in squared units of features: they change where features and heads are scaled by
    a and 1/a, which changes no decision. pinv_NC1, trace_NC1 and CDNV are free of scale.

    Undefined values are NaN, and ``metrics(…).reasons[name]`` says why: a zero vector has no direction, one task no
    SNC3, label sets without samples of multiplicity 1 no NC3 and NC_m; soft and real targets have no classes, so no
    SNC2, SNC4, SNC5. Every loss and every bias is measured by these definitions; which of them vanish at a minimum is
    the theorems' matter.

    W, H, b, labels and errors as in ``verify.certify``. Metrics do not depend on the λ's, so the problem may be left
    out; they are then those of a problem with these labels and task weights 1 (only SNC4 depends on them), and

    labels   (N, T) or a list of T arrays (N,), −1 for no label; for a list of T arrays H (Problem (4)) T arrays (N_t,)
    classes  (K_1, …, K_T), by default the rows of the heads

    Source: Appendix D.9, Section 4.3; the papers named above.
    """
    if problem is None:
        if solution is not None:
            raise ValueError("problem is missing; without one give W=, H= and labels= in place of a solution")
        at = labelled_point(W, H, b, labels, classes)
    elif classes is not None:
        raise ValueError(f"classes={classes!r} stands beside a problem, which has its own; leave it out")
    else:
        at = read(problem, solution, W=W, H=H, b=b, labels=labels)
    measures, absent = table(at.problem.source), without_meaning(at.problem.source)
    values, reasons = {}, dict(absent)
    for name in (n for n in NAMES if n in measures or n in absent):
        values[name], reason = measured(measures[name], at.samples) if name in measures else (np.nan, absent[name])
        if reason:
            reasons[name] = reason
    if classic:
        more, why = classic_metrics(at.problem.source, at.samples)
        values, reasons = values | more, reasons | why
    return Metrics(values, reasons)


def measured(measure: Measure, parts: tuple[Samples, ...]) -> tuple[float, str]:
    """The value and "", or NaN and the reason."""
    try:
        value = measure(parts)
    except Undefined as why:
        return np.nan, str(why)
    return value, ZERO_VECTOR if np.isnan(value) else ""


def without_meaning(source: Source) -> dict[str, str]:
    """The metrics of tasks with shared samples that are undefined here, and why."""
    return dict.fromkeys(OF_CLASSES, NO_CLASSES[source]) if source in NO_CLASSES else {}


def table(source: Source) -> dict[str, Measure]:
    """The metrics of the parts of a problem, by name."""
    match source:
        case "single":
            return {
                **_of_any_targets(),
                "SNC2_1": lambda parts: simplex_angles(_heads(parts)),
                "SNC2_2": lambda parts: simplex_norms(_heads(parts)),
                "SNC4": _mean(distance_from_summed_heads),
                "SNC5": _mean(disagreement_rate),
            }
        case "multi":
            return {
                "MNC1": _mean(within_label_variance),
                "MNC2_1": lambda parts: simplex_angles(_heads(parts)),
                "MNC2_2": lambda parts: simplex_norms(_heads(parts)),
                "MNC3": lambda parts: float(np.mean(np.concatenate([*map(squared_distances_to_heads, parts)]))),
                "MNC4": _mean(disagreement_rate),
            }
        case "multilabel":
            return {
                "NC1": _mean(within_label_variance),
                "NC2_1": lambda parts: simplex_angles(_heads(parts)),
                "NC2_2": lambda parts: simplex_norms(_heads(parts)),
                "NC3": _mean(single_label_duality),
                "NC_m": _mean(tag_sum_angle),
                "NN_decoding_error": _mean(decoding_error),
            }
        case "soft":
            return _of_any_targets()
        case "regression":
            return {
                **_of_any_targets(),
                "NRC1": _mean(principal_distance),
                "NRC2": _mean(row_space_distance),
                "NRC3": _mean(root_covariance_distance),
            }
        case _:
            assert_never(source)


def _of_any_targets() -> dict[str, Measure]:
    """Metrics of tasks that share their samples, with classes or without."""
    return {
        "SNC1": _mean(within_label_variance),
        "SNC3": lambda parts: _cosines(parts[0])[0],
        "SNC3_max": lambda parts: _cosines(parts[0])[1],
    }


@remembered
def _cosines(part: Samples) -> tuple[float, float]:
    """Of the heads of tasks that share their samples."""
    return cross_task_cosines(_heads((part,)))


def _mean(of_part: Callable[[Samples], float]) -> Measure:
    """The mean over the parts: over the tasks of Problem (4), else of the only one."""
    return lambda parts: float(np.mean([of_part(part) for part in parts]))


def _heads(parts: tuple[Samples, ...]) -> list[Float]:
    return [part.point.W[rows] for part in parts for rows in part.form.blocks]
