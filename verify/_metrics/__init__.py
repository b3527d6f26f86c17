"""The neural-collapse metrics of Tables 5 and 6, of label sets and of regression, one family per file."""

from verify._metrics.measured import Metrics
from verify._metrics.tables import metrics
from verify._metrics.tracked import tracked

__all__ = ["Metrics", "metrics", "tracked"]
