"""
Correlated tasks of K classes
=============================

The paper has a formula for the cosine between the heads of two correlated tasks with 2 classes, and measures
it for 3 and 10 classes in Figures 61 and 62. The :doc:`law </theory/correlated-classes>` gives it for any
number, from the minimum of a convex function of three numbers. With more classes the curve rises: less
agreement gives the same cosine.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import theory
import ufm
import verify

shares = np.linspace(0.01, 0.99, 99)  # of the samples of a class, those whose other label is equal
looks = {2: ("o", "#0072B2"), 3: ("s", "#D55E00"), 5: ("^", "#009E73"), 10: ("D", "#CC79A7")}
N = 720

with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for K, (marker, colour) in looks.items():
        n_same, n_different = N / K * shares, N / K * (1 - shares) / (K - 1)
        curve = theory.class_correlation_cosine(K, n_same, n_different, 0.05, 0.05)
        axes.plot(shares, curve, color=colour)
        points = []
        for share in (0.25, 0.5, 0.75):
            same, different = round(N / K * share), max(1, round(N / K * (1 - share) / (K - 1)))
            problem = ufm.SingleSource.correlated(
                K, n_same=same, n_different=different, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05
            )
            solution = ufm.solve(problem)
            assert verify.certify(problem, solution).verdict == "global minimum"
            cosine = float(torch.cosine_similarity(solution.W[0][0], solution.W[1][0], dim=0))
            assert np.isclose(cosine, theory.class_correlation_cosine(K, same, different, 0.05, 0.05), atol=1e-6)
            points.append((same / (same + (K - 1) * different), cosine))
        axes.plot(*np.transpose(points), marker, color=colour, label=f"K = {K}")
    axes.axhline(0, color="0.7", linewidth=0.6)
    axes.set(xlabel="share of samples whose labels agree", ylabel="cosine between the heads")
    axes.legend(title="lines: law, points: certified minima", loc="lower right")

# %%
# Uncorrelated tasks, for which that share is 1/K, have orthogonal heads:

for K in looks:
    assert abs(theory.class_correlation_cosine(K, 7, 7, 0.05, 0.05)) < 1e-12

plt.show()
