"""The problems that solvers take."""

from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource

Problem = SingleSource | MultiSource | MultiLabel
