"""
Several labels: tag-wise sums
=============================

Each sample has one or two of three labels. At the minimum the head is a simplex ETF, the feature of a sample
with one label is parallel to its row, and that of a sample with two labels to the *sum* of its rows: Theorem
1 of Li et al. (2024). The lengths of the features are beyond that paper (:doc:`Theory
</theory/several-labels>`).
"""

import matplotlib.pyplot as plt
import numpy as np

import theory
import ufm
import verify

problem = ufm.MultiLabel.balanced(3, {1: 10, 2: 5}, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
solution = ufm.solve(problem)
assert verify.certify(problem, solution).verdict == "global minimum"

W, H = solution.W[0].numpy(), solution.H.numpy().T
turn = np.array([[W[0, 0], -W[0, 1]], [W[0, 1], W[0, 0]]]) / np.linalg.norm(W[0])  # the first row to the right
W, H = W @ turn, H @ turn

arrows, points = 1.05 * W / np.linalg.norm(W[0]), 0.7 * H / np.linalg.norm(H, axis=1).max()  # two scales, one picture
with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(4.4, 4), layout="constrained")
    for k, row in enumerate(arrows):
        axes.annotate("", row, (0, 0), arrowprops={"arrowstyle": "->", "color": "0.35"})
        axes.text(*(1.15 * row), f"$w_{k + 1}$", ha="center", va="center")
    for labels, h in zip(problem.labels, points, strict=True):
        several = labels.sum() > 1
        name = "{" + ", ".join(str(k + 1) for k in np.flatnonzero(labels)) + "}"
        colour = "#D55E00" if several else "#0072B2"
        axes.plot(*h, "s" if several else "o", color=colour)
        axes.text(*(h * (1 + 0.15 / np.linalg.norm(h))), name, ha="center", va="center", color=colour)
    axes.set_aspect("equal")
    axes.set(
        xlim=(-1.4, 1.4), ylim=(-1.25, 1.25), xticks=[], yticks=[], title="rows of the head, and features of label sets"
    )

# %%
# Each feature is a multiple of the sum of the rows of its labels, with one factor for each number of
# labels:

sums = problem.labels @ W
factors = np.linalg.norm(H, axis=1) / np.linalg.norm(sums, axis=1)
assert np.allclose(H, factors[:, None] * sums, atol=1e-7)
print("one label:", factors[0], " two labels:", factors[3])
assert np.allclose(factors, theory.predict(problem).spaces[0].feature_weights[0])

plt.show()
