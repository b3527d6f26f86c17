"""Decoding label sets: the nearest mean of training features against rules on the logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring import measuring_device
from ufm_networks.metrics.deviations import nearest_mean
from ufm_networks.metrics.groups import Groups, label_groups
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training import Run


@dataclass(frozen=True)
class DecodingAccuracy:
    """Fractions of samples whose whole label set is decoded correctly.

        nearest_mean  argmin_S ‖h − μ_S‖ over the sets that occur in training, μ_S the mean of their features; of sets
                      equally near to rounding the first in the problem's order
        threshold     {k : softmax(W h + b)_k ≥ τ}, with the τ that is right most often on the training data
        top_m         the m largest logits, given the number m = |S|, which the other rules do not use

    threshold_value  τ
    unseen           samples whose set does not occur in training, for which the nearest mean is always wrong
    """

    nearest_mean: float
    threshold: float
    top_m: float
    threshold_value: float
    unseen: int


def decoding_accuracy(run: Run, data: TaskData | None = None, *, device: str = "cpu") -> DecodingAccuracy:
    """Accuracies of a run on label sets, on its test data or given data; one pass over training data, one over these.

    device  "cpu", "cuda" or "auto"

    No features are kept. Raises ValueError if the data have no label sets, the run no test data, or the device is
    absent. Source: Li et al. (ICML 2024), one-nearest-neighbour decoding.
    """
    test = run.test if data is None else data
    if run.data.kind != "multilabel":
        raise ValueError(f"data {run.data.name!r} have one class per task; decoding needs label sets")
    if test is None:
        raise ValueError(f"run on {run.data.name!r} has no test data; give data=")
    if (test.kind, test.classes) != (run.data.kind, run.data.classes):
        raise ValueError(f"data {test.name!r} have classes {test.classes}, the run {run.data.classes}")
    place = measuring_device(device)
    groups = label_groups(run.data.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=1.0), run.data.labels)
    sets = torch.from_numpy(groups.forms[0].labels).to(place)
    moments, training = _training_pass(run.network, run.data, groups, place)
    threshold = best_threshold(training)

    features = NetworkFeatures(run.network, test, place)
    labels = torch.from_numpy(test.labels).to(place)
    right = np.zeros(3)
    centre = moments.count @ moments.mean / moments.count.sum()
    for h, numbers in features():
        own = labels.index_select(0, torch.from_numpy(numbers).to(place))
        nearest = nearest_mean(moments.mean, centre, h.double())
        interval = threshold_intervals(run.network.logits(h)[0].detach(), own)
        right += [
            int((sets[nearest] == own).all(dim=1).sum()),
            int(((interval[:, 0] < threshold) & (threshold <= interval[:, 1])).sum()),
            int((interval[:, 0] < interval[:, 1]).sum()),
        ]
    seen = {tuple(row) for row in groups.forms[0].labels.tolist()}
    unseen = sum(tuple(row) not in seen for row in test.labels.tolist())
    by_mean, by_threshold, top_m = (right / len(test)).tolist()
    return DecodingAccuracy(by_mean, by_threshold, top_m, float(np.exp(threshold)), unseen)


def threshold_intervals(logits: Tensor, members: Tensor) -> Tensor:
    """(n, 2): {k : log softmax(u)_k ≥ log τ} = S exactly for log τ in (largest outside S, smallest inside S].

    logits u (n, K), members (n, K) of 0 and 1. A set of all classes has −∞ as the former.
    """
    log_p = torch.log_softmax(logits.double(), dim=1)
    inside = members > 0
    least_in = log_p.masked_fill(~inside, torch.inf).amin(dim=1)
    most_out = log_p.masked_fill(inside, -torch.inf).amax(dim=1)
    return torch.stack([most_out, least_in], dim=1)


def best_threshold(intervals: NDArray[np.float64]) -> float:
    """A value that lies in the most of the intervals (a, b], (n, 2), those with a ≥ b are empty."""
    some = intervals[intervals[:, 0] < intervals[:, 1]]
    if not len(some):
        return float(np.log(0.5))  # none is right on any sample
    starts, ends = np.sort(some[:, 0]), np.sort(some[:, 1])
    # the number of intervals rises right of a start only, so the most is attained right of some start
    covered = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="right")
    best = int(np.argmax(covered))
    after = np.concatenate([starts[best + 1 :], ends[ends > starts[best]]])
    end = float(after[after > starts[best]].min())
    return (float(starts[best]) + end) / 2 if np.isfinite(starts[best]) else end - 1.0


def _training_pass(
    network: MultiTaskNetwork, data: TaskData, groups: Groups, device: torch.device
) -> tuple[FeatureMoments, NDArray[np.float64]]:
    """Means of every label set, and two numbers a sample."""
    moments = FeatureMoments(groups.total, network.feature_dim, device)
    intervals = np.empty((len(data), 2))
    labels = torch.from_numpy(data.labels).to(device)
    for h, numbers in NetworkFeatures(network, data, device)():
        moments.add(h, groups.of_sample[numbers])
        own = labels.index_select(0, torch.from_numpy(numbers).to(device))
        intervals[numbers] = threshold_intervals(network.logits(h)[0].detach(), own).cpu().numpy()
    return moments, intervals
