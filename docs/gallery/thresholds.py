"""
Thresholds crossed, one task after another
==========================================

Three balanced tasks share 80 samples, with 2, 4 and 2 classes and weights 1, 1 and ¼. The stronger the
regularization, the shorter the rows of the heads. Each task has a threshold of its own,
:math:`c^tN/(4K_t)`, from which on its head is exactly zero. The paper's theorem covers the region left of
all thresholds. When one task passes its threshold, the others are unaffected.
"""

import matplotlib.pyplot as plt
import numpy as np

import theory
import ufm
import verify


def problem(product):
    strength = np.sqrt(product)
    return ufm.SingleSource.balanced(
        (2, 4, 2), n=5, task_weights=(1, 1, 0.25), lambda_H=strength, lambda_W=strength, lambda_b=0.05
    )


products = np.geomspace(0.02, 40, 33)
lengths = np.empty((len(products), 3))
for row, product in enumerate(products):
    solution = ufm.solve(problem(product))
    assert verify.certify(solution.problem, solution).verdict == "global minimum"
    lengths[row] = [float(W[0].norm()) for W in solution.W]

thresholds = [t.value for t in theory.predict(problem(1.0)).thresholds]
print("thresholds:", thresholds)
assert np.allclose(thresholds, [80 / 8, 80 / 16, 80 / 32])

with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
    names = ("task 1, K = 2, c = 1", "task 2, K = 4, c = 1", "task 3, K = 2, c = ¼")
    for t, (name, marker, colour) in enumerate(zip(names, "os^", ("#0072B2", "#D55E00", "#009E73"), strict=True)):
        axes.semilogx(products, lengths[:, t], marker=marker, markersize=3, color=colour, label=name)
        axes.axvline(thresholds[t], color=colour, linestyle=":")
    axes.set(xlabel=r"$\lambda_H\lambda_W$", ylabel="length of a row of the head")
    axes.legend(title="dotted: the threshold of a task")

# %%
# Each head is zero from its threshold on, and nowhere before:

for t, threshold in enumerate(thresholds):
    assert np.all(lengths[products > threshold, t] < 1e-6)
    assert np.all(lengths[products < threshold, t] > 1e-3)

plt.show()
