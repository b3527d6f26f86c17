"""Figures of solutions, certificates and tables in one look: each takes ``ax=`` and returns the Axes it drew on.

    heads          cosines between heads as a matrix, or heads and features as vectors
    cosine_curve   Theorem 5.1's cosine against correlation, certified minima on it
    history        gap, objective, gradient or collapse metrics of a run
    spectrum       singular values of heads and features beside the predicted ones
    phase_diagram  a sweep's table over two of its axes, theory's boundaries on top
    save           the figure as .pdf, .svg or .png, the same bytes for the same figure
    new_figure     in a paper's widths, COLUMN and PAGE; in_style applies the settings to your own drawings

matplotlib is imported when something is drawn (extra ``cli``); its global settings stay as they are.
"""

from verify.plot._cosine_curve import cosine_curve
from verify.plot._heads import heads
from verify.plot._history import history
from verify.plot._phase_diagram import phase_diagram
from verify.plot._spectrum import spectrum
from verify.plot.files import save
from verify.plot.style import COLUMN, PAGE, in_style, new_figure

__all__ = [
    "COLUMN",
    "PAGE",
    "cosine_curve",
    "heads",
    "history",
    "in_style",
    "new_figure",
    "phase_diagram",
    "save",
    "spectrum",
]
