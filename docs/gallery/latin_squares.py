"""
Latin squares: nine labels in place of twenty-seven
===================================================

Theorem 3.1 assumes that all label tuples occur; three tasks with three classes have 27. But only pairs of
tasks matter. Take the nine tuples of a Latin square, in which each pair of classes of any two tasks occurs
once: the minimum has the same geometry, simplex ETFs that are orthogonal between tasks. This is beyond the
paper (:doc:`Theory </theory/theorems>`).
"""

import matplotlib.pyplot as plt
import numpy as np

import theory
import ufm
import verify

lambdas = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
square = ufm.SingleSource.orthogonal_array(3, 3, n=30, **lambdas)
full = ufm.SingleSource.balanced((3, 3, 3), n=10, **lambdas)
print("labels:", len(square.labels), "of", len(full.labels), " samples:", square.samples, "and", full.samples)

solutions = [ufm.solve(problem) for problem in (square, full)]
for solution in solutions:
    assert verify.certify(solution.problem, solution).verdict == "global minimum"

with verify.plot.in_style():
    figure, axes = plt.subplots(1, 2, figsize=(6.75, 3.6), layout="constrained")
    tables = square.labels[:, 2].reshape(3, 3)  # the class of task 3 for those of tasks 1 and 2
    axes[0].imshow(tables, cmap="Pastel1", vmin=0, vmax=8)
    for i, j in np.ndindex(3, 3):
        axes[0].text(j, i, f"{tables[i, j] + 1}", ha="center", va="center", fontsize=14)
    axes[0].set(title="class of task 3 that occurs", xlabel="class of task 2", ylabel="class of task 1")
    axes[0].set(xticks=range(3), xticklabels="123", yticks=range(3), yticklabels="123")
    verify.plot.heads(solutions[0], title="cosines between the heads", ax=axes[1])

# %%
# Both problems have the same minimum and geometry, as the theorem predicts:

print(theory.predict(square).theorem, theory.predict(square).objective)
assert np.isclose(solutions[0].objective, solutions[1].objective, rtol=1e-10)
assert verify.compare(square, solutions[0]).passed

plt.show()
