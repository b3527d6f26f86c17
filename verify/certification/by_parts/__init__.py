"""The certificate of a large form, column by column: no array of its R × m residuals is ever kept.

As ``verify.certification`` without this folder, function by function, with sums over parts of the columns, and the
spectral norm and singular vectors from the R × R matrix V Vᵀ. Residuals are recomputed in each pass over the parts,
and must come out the same to the last bit.

Not tried here: the dual points of ``dual_of_product``, which take five passes for each of six ranks and serve points
whose residual is nothing but rounding, and ``better_objective``, whose steps decompose a matrix of all columns. So a
point far from the minimum is "inconclusive" and never "not optimal".
"""

from verify.certification.by_parts.bounds import Evaluated, evaluate, other_bounds
from verify.certification.by_parts.parts import Parts, is_large

__all__ = ["Evaluated", "Parts", "evaluate", "is_large", "other_bounds"]
