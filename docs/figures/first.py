"""Draws first.png: heads of two tasks at a certified minimum, and how correlation tilts them, Theorem 5.1.

python docs/figures/first.py
"""

from pathlib import Path

import ufm
import verify
from verify import plot


def main() -> None:
    """Cosines of the heads beside the cosine curve."""
    problem = ufm.SingleSource.balanced((3, 4), 10, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    solution = ufm.solve(problem)
    if verify.certify(problem, solution).verdict != "global minimum":
        raise RuntimeError("not certified")
    figure = plot.new_figure(plot.PAGE, 3.2)
    with plot.in_style():
        left, right = figure.subplots(1, 2)
    plot.heads(solution, title="cosines between the heads of two tasks", ax=left)
    plot.cosine_curve(verify.cosine_curve(), ax=right)
    plot.save(figure, Path(__file__).with_name("first.png"))


if __name__ == "__main__":
    main()
