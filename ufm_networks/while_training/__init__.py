"""Neural collapse while a network trains: running sums, a torchmetrics.Metric, a Lightning callback, a plain call."""
