"""The landscape of F: curvature at a point, and the known critical points."""

from verify.landscape._critical_points import CriticalPoint, CriticalPoints, critical_points
from verify.landscape._curvature import Curvature, curvature

__all__ = ["CriticalPoint", "CriticalPoints", "Curvature", "critical_points", "curvature"]
