"""The neural-collapse metrics of Tables 5 and 6, one family a file."""

from verify._metrics.tables import metrics
from verify._metrics.tracked import tracked

__all__ = ["metrics", "tracked"]
