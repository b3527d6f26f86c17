"""Critical points by symmetry: minimizers of F over the points that a symmetry of F leaves alone.

If F(g x) = F(x) for an orthogonal map g, then ∇F at a point with g x = x is left alone by g too. So a minimizer of F
over the subspace of such points is a critical point of F, mostly a saddle (Palais: symmetric criticality). With I the
identity of R^d, and P projecting onto the subspace,

    W → −W, H → −H (a rotation by −I)                        leaves W = 0, H = 0: "zero", with the best b
    the two tasks exchanged, features as they are             leaves W^1 = W^2, h_kl = h_lk, b^1 = b^2
    the two tasks exchanged, features rotated by −I           leaves W^1 = −W^2, h_kl = −h_lk, b^1 = b^2.

For two binary tasks the last two are Theorem 5.1 with one of its two singular values kept and the other zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, minres

from verify.certification.objective import evaluate
from verify.landscape.hessian import Hessian, Move
from verify.reading.form import Float, Form
from verify.reading.point import Point

Projection = Callable[[Float, Float, Float], tuple[Float, Float, Float]]  # of W (R, d), H (d, m), b (R,)
POLISHING = 8  # Newton steps at most, after F no longer tells points apart
GRADIENT = 1e-8  # of √F at zero: where that begins


def zero_projection(W: Float, H: Float, b: Float) -> tuple[Float, Float, Float]:
    """W = 0, H = 0."""
    return np.zeros_like(W), np.zeros_like(H), b


def exchange_projection(form: Form, sign: int) -> Projection | None:
    """Onto W^2 = ± W^1, h_lk = ± h_kl, b^2 = b^1; None unless exchanging the two tasks leaves the form as it is."""
    if len(form.classes) != 2 or form.classes[0] != form.classes[1] or np.ptp(form.task_weights):
        return None
    place = {tuple(label): column for column, label in enumerate(form.labels.tolist())}
    mirror = [place.get((second, first), -1) for first, second in form.labels.tolist()]
    if -1 in mirror or not np.array_equal(form.counts[mirror], form.counts):
        return None
    k = form.classes[0]
    other = np.concatenate([np.arange(k, 2 * k), np.arange(k)])

    def project(W: Float, H: Float, b: Float) -> tuple[Float, Float, Float]:
        return (W + sign * W[other]) / 2, (H + sign * H[:, mirror]) / 2, (b + b[other]) / 2

    return project


def restricted_minimizer(form: Form, dim: int, project: Projection, seed: int) -> Point:
    """A minimizer of F over the range of ``project``, one column per label, from a random start in it.

    Trust-region Newton-CG, then Newton steps by MINRES, which take the singular Hessian (F is constant along rotations
    of R^d) as it is.
    """
    rows, columns = sum(form.classes), len(form.counts)
    everywhere, once = np.arange(columns), np.ones(columns, dtype=np.int64)
    origin = Point(np.zeros((rows, dim)), np.zeros(rows), np.zeros((dim, columns)), everywhere, once)
    space = _Subspace(form, origin, project)
    random = space.coordinates(np.random.default_rng(seed).standard_normal(space.frame.size))
    random[-rows:] = 0.0
    start = space.point(random)
    result: Any = minimize(
        lambda x: evaluate(form, space.point(x)).objective,
        random / np.sqrt(float(np.std(start.W @ start.H)) or 1.0),
        jac=lambda x: space.gradient(x),
        hessp=lambda x, v: space.product(x, v),
        method="trust-ncg",
        options={"gtol": GRADIENT * float(np.sqrt(evaluate(form, origin).objective)), "maxiter": 2000},
    )
    return _polished(form, space.point(np.asarray(result.x)), project)


class _Subspace:
    """The range of a projection, in the units of the Hessian at one point; x are coordinates D⁻¹ (W, H, b)."""

    def __init__(self, form: Form, at: Point, project: Projection) -> None:
        self.form, self.at, self.project = form, at, project
        self.frame = Hessian(form, at)

    def coordinates(self, x: Float) -> Float:
        """P x."""
        return self.frame.vector(Move(*self.project(*vars(self.frame.move(x)).values())))

    def point(self, x: Float) -> Point:
        """The point P x."""
        move = self.frame.move(self.coordinates(x))
        return replace(self.at, W=move.W, H=move.H, b=move.b)

    def gradient(self, x: Float) -> Float:
        """P D ∇F."""
        return self.coordinates(Hessian(self.form, self.point(x), self.frame.unit.b).gradient)

    def product(self, x: Float, v: Float) -> Float:
        """P D ∇²F D P v."""
        hessian = Hessian(self.form, self.point(x), self.frame.unit.b)
        return self.coordinates(hessian.product(self.coordinates(v)))


def _polished(form: Form, point: Point, project: Projection) -> Point:
    """Newton steps, each in the units of the point that it starts from, while they halve the gradient.

    F's rounding ends the descent at a gradient of about 1e-8 √F. MINRES takes the singular Hessian (F is constant along
    rotations of R^d) as it is.
    """
    for _ in range(POLISHING):
        space = _Subspace(form, point, project)
        hessian, size = space.frame, space.frame.size
        x = hessian.vector(Move(point.W, point.H, point.b))
        slope = space.coordinates(hessian.gradient)

        def product(v: Float, hessian: Hessian = hessian, space: _Subspace = space) -> Float:
            return space.coordinates(hessian.product(space.coordinates(v.ravel())))

        operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
        candidate = x - minres(operator, slope, rtol=1e-12, maxiter=10 * size)[0]
        if not np.linalg.norm(space.gradient(candidate)) < np.linalg.norm(slope) / 2:
            return point
        point = space.point(candidate)
    return point
