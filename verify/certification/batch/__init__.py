"""Evaluation and plain dual bound of many points at once, of problems of one shape: numbers are vectors over them."""

from verify.certification.batch.bounds import Bounded, bounded
from verify.certification.batch.stacked import Key, Stacked, key_of

__all__ = ["Bounded", "Key", "Stacked", "bounded", "key_of"]
