"""What the runs of an experiment show: mean and spread over seeds, drawn, tabulated and written."""

from verify.reproduction.write import reproduce, write_overview

__all__ = ["reproduce", "write_overview"]
