"""The metrics of ``verify.metrics`` over a whole training set, in passes over batches."""

from ufm_networks.metrics.streaming import Measured, stream_metrics

__all__ = ["Measured", "stream_metrics"]
