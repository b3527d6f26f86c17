"""
Simplex ETFs, alone and orthogonal to each other
================================================

One task with four classes, and two tasks with three and two classes, both fill three dimensions, so we can
draw them. At the certified minimum the four rows of the first head point to the corners of a tetrahedron.
With two tasks each head is a simplex ETF of its own (three rows in a plane, two on a line), and the plane
and the line are at right angles. A feature is a weighted sum of the rows of its labels.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import ufm
import verify

lambdas = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
one = ufm.solve(ufm.SingleSource([10, 10, 10, 10], **lambdas))
two = ufm.solve(ufm.SingleSource.balanced((3, 2), n=10, **lambdas))
for solution in (one, two):
    assert verify.certify(solution.problem, solution).verdict == "global minimum"

with verify.plot.in_style():
    figure, axes = plt.subplots(1, 2, figsize=(6.75, 3.4), subplot_kw={"projection": "3d"}, layout="constrained")
    titles = ("one task, four classes", "two tasks, of three and two classes")
    for ax, solution, title in zip(axes, (one, two), titles, strict=True):
        verify.plot.heads(solution, kind="vectors", ax=ax)
        ax.set_title(title, y=0.98)
        ax.set_box_aspect(None, zoom=1.1)


# %%
# The cosines as numbers: -1/3 between any two of four classes; -1/2 and -1 within the two tasks, 0 between
# them.


def cosines(W):
    unit = torch.nn.functional.normalize(torch.cat(W), dim=1)
    return (unit @ unit.T).numpy()


print(cosines(two.W).round(3) + 0.0)
assert np.allclose(cosines(one.W)[~np.eye(4, dtype=bool)], -1 / 3)
assert np.allclose(cosines(two.W)[:3, 3:], 0, atol=1e-8)
assert np.allclose(cosines(two.W)[:3, :3][~np.eye(3, dtype=bool)], -1 / 2)

plt.show()
