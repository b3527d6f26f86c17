"""The neural-collapse metrics of Tables 5 and 6, one family a file."""

from verify._metrics.tables import metrics

__all__ = ["metrics"]
