"""Tables 5 and 6 of the paper, and the metrics of multi-label collapse, measured at any point."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np

from verify._metrics.label_set_decoding import decoding_error
from verify._metrics.nearest_centre import disagreement_rate
from verify._metrics.orthogonality import cross_task_cosines
from verify._metrics.self_duality import single_label_duality, squared_distances_to_heads
from verify._metrics.simplex_angles import simplex_angles
from verify._metrics.simplex_norms import simplex_norms
from verify._metrics.sum_of_heads import distance_from_summed_heads
from verify._metrics.tag_sums import tag_sum_angle
from verify._metrics.variability import within_label_variance
from verify.reading.form import Float, Problem, Source
from verify.reading.read import At, read
from verify.reading.samples import Samples

Measure = Callable[[tuple[Samples, ...]], float]

METRIC = re.compile(r"^[SM]?NC(\d|_m)")  # what a column of a history is called where it holds one of these


def metrics(
    problem: Problem | At, solution: Any = None, *, W: Any = None, H: Any = None, b: Any = None, labels: Any = None
) -> dict[str, float]:
    """Neural-collapse metrics of a solution, or of W=, H=, b= of any origin, a trained network's included.

    SingleSource (Table 5)                                         MultiSource (Table 6)
    SNC1      tr Ave (h − μ)(h − μ)ᵀ                               MNC1    the same, mean over tasks
    SNC2_1    Ave |cos(w_k^t, w_k'^t) + 1/(K_t − 1)|               MNC2_1  the same
    SNC2_2    Ave_t Std_k ‖w_k^t‖ / Ave_k ‖w_k^t‖                  MNC2_2  the same
    SNC3      Ave |cos(w_k^t, w_k'^t')|, t ≠ t'                    MNC3    Ave_{t,k} ‖μ̃_k^t − w̃_k^t‖²
    SNC3_max  their maximum (Section 4.3)                          MNC4    as SNC5, mean over tasks
    SNC4      Ave ‖h̃ − s/‖s‖‖, s = Σ_t √(c^t K_t) w_{k_t}^t
    SNC5      fraction of samples whose head decisions, biases included, are not the nearest class centre's

    Averages over features are over SAMPLES: with labels= (columns, T) a label seen n_l times with m_l columns gives
    each weight n_l / m_l. h̃ and μ̃ are centred by the mean of all samples (of the task) and normalized. Ties in
    SNC5 and MNC4 are no disagreement. What a zero vector leaves undefined is NaN, and so is SNC3 of one task. Means
    and centres are over the labels that occur.

    MultiLabel (Li et al., ICML 2024, whose metrics these are in the conventions above)
    NC1     as SNC1, μ the mean of the label set              NC2_1, NC2_2  as SNC2_1, SNC2_2, of the one head
    NC3     as MNC3, of samples of multiplicity 1, centred by their mean
    NC_m    ∠(μ_S, Σ_{k∈S} μ_k) relative to its average over all label sets S of the same size; μ_k of multiplicity 1
    NN_decoding_error  fraction of samples whose nearest label-set mean is of another label set

    NC3 and NC_m are NaN without samples of multiplicity 1; see ``verify._metrics.tag_sums`` for what else NC_m needs.

    W, H, b, labels and errors as in ``verify.certify``. Source: Appendix D.9, Section 4.3.
    """
    at = read(problem, solution, W=W, H=H, b=b, labels=labels)
    return {name: measure(at.samples) for name, measure in table(at.problem.source).items()}


def table(source: Source) -> dict[str, Measure]:
    """What is measured of the parts of a problem, by name."""
    match source:
        case "single":
            return {
                "SNC1": _mean(within_label_variance),
                "SNC2_1": lambda parts: simplex_angles(_heads(parts)),
                "SNC2_2": lambda parts: simplex_norms(_heads(parts)),
                "SNC3": lambda parts: cross_task_cosines(_heads(parts))[0],
                "SNC3_max": lambda parts: cross_task_cosines(_heads(parts))[1],
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
        case "soft" | "regression":
            return {}  # all of these are of classes
        case _:
            assert_never(source)


def _mean(of_part: Callable[[Samples], float]) -> Measure:
    """The mean over the parts: over the tasks of Problem (4), else of the only one."""
    return lambda parts: float(np.mean([of_part(part) for part in parts]))


def _heads(parts: tuple[Samples, ...]) -> list[Float]:
    return [part.point.W[rows] for part in parts for rows in part.form.blocks]
