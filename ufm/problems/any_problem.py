"""The problems that solvers take."""

from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.regression import Regression
from ufm.problems.single_source import SingleSource
from ufm.problems.soft_labels import SoftLabels

Problem = SingleSource | MultiSource | MultiLabel | SoftLabels | Regression
