"""Sweeps: many problems solved, certified and measured into one table, and drawn as phase diagrams."""

from verify.sweeping.run import Progress, Sweep, SweepInterrupted, sweep
from verify.sweeping.study import Study, read_study

__all__ = ["Progress", "Study", "Sweep", "SweepInterrupted", "read_study", "sweep"]
