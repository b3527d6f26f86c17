"""Experiments as files: one per figure or table of the paper, with its runs."""

from ufm_networks.experiments._catalogue import Entry, catalogue, catalogue_order, find_experiment
from ufm_networks.experiments.checks import check_runs
from ufm_networks.experiments.experiment import Experiment, Figure, PlannedRun, read_experiment
from ufm_networks.experiments.training import FinishedRun, train_experiment

__all__ = [
    "Entry",
    "Experiment",
    "Figure",
    "FinishedRun",
    "PlannedRun",
    "catalogue",
    "catalogue_order",
    "check_runs",
    "find_experiment",
    "read_experiment",
    "train_experiment",
]
