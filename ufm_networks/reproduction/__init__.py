"""The results of an experiment: mean and spread over seeds, drawn, tabulated and written."""

from ufm_networks.reproduction._redraw import redraw
from ufm_networks.reproduction.write import FILES, OVERVIEW, reproduce, summaries, write_overview

__all__ = ["FILES", "OVERVIEW", "redraw", "reproduce", "summaries", "write_overview"]
