"""
Minority collapse, class by class
=================================

One task with four classes of 500, 80, 12 and 3 samples, squared error, no bias. The rows of the head are
orthogonal, and the length of each depends on its own class alone: :math:`\\|w_k\\|^2 =
\\sqrt{\\lambda_H/\\lambda_W}\\,(\\sqrt{n_k} - \\tau)_+` with :math:`\\tau = 2\\sqrt{\\lambda_H\\lambda_W}`.
So the row of class :math:`k` is zero if the class has :math:`4\\lambda_H\\lambda_W` samples or fewer. As the
regularization grows, the rarest class vanishes first, then the next.
"""

import matplotlib.pyplot as plt
import numpy as np

import ufm
import verify

counts = np.array([500, 80, 12, 3])
strengths = np.geomspace(0.1, 15, 40)  # λ_H = λ_W
lengths = np.empty((len(strengths), 4))
for row, strength in enumerate(strengths):
    problem = ufm.SingleSource(counts, loss="squared-error", lambda_H=strength, lambda_W=strength, lambda_b=None)
    solution = ufm.solve(problem)
    assert verify.certify(problem, solution).verdict == "global minimum"
    lengths[row] = solution.W[0].norm(dim=1).numpy()

with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for k, marker, colour in zip(range(4), "os^D", ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), strict=True):
        law = np.sqrt(np.maximum(np.sqrt(counts[k]) - 2 * strengths, 0))
        axes.semilogx(strengths, law, color=colour)
        axes.semilogx(strengths, lengths[:, k], marker, markersize=3, color=colour, label=f"{counts[k]} samples")
        assert np.allclose(lengths[:, k], law, atol=1e-5)
    axes.set(xlabel=r"$\lambda_H = \lambda_W$", ylabel="length of a class's row")
    axes.legend(title="lines: the closed form")

# %%
# With :math:`\lambda_H\lambda_W = 1` the threshold is four samples, so the class with three has a zero row:

solution = ufm.solve(ufm.SingleSource(counts, loss="squared-error", lambda_H=1.0, lambda_W=1.0, lambda_b=None))
print(solution.W[0].norm(dim=1).numpy().round(6) + 0.0)
assert float(solution.W[0][3].norm()) < 1e-6 < float(solution.W[0][2].norm())

plt.show()
