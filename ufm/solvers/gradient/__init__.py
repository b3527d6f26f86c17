"""Method "gradient": Problem (3) with every feature free, by full-batch momentum, Adam or L-BFGS."""

from ufm.solvers.gradient.minimize import GradientResult, minimize

__all__ = ["GradientResult", "minimize"]
