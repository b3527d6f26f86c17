"""Trained networks compared with theory: the comparison of a run, and the report of one or several."""

from ufm_networks.report.comparison import RunComparison, compare_run
from ufm_networks.report.write import prepare_networks_report, write_networks_report

__all__ = ["RunComparison", "compare_run", "prepare_networks_report", "write_networks_report"]
