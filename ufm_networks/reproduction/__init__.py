"""What the runs of an experiment show: mean and spread over seeds, drawn, tabulated and written."""

from ufm_networks.reproduction.write import reproduce, summaries, write_overview

__all__ = ["reproduce", "summaries", "write_overview"]
