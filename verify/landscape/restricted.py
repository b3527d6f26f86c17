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

from verify.certification.objective import evaluate
from verify.landscape.hessian import Hessian, Move
from verify.landscape.lowest import DENSE
from verify.reading.form import Float, Form
from verify.reading.point import Point

Projection = Callable[[Float, Float, Float], tuple[Float, Float, Float]]  # of W (R, d), H (d, m), b (R,)
POLISHING = 50  # Newton steps at most, after F no longer tells points apart
DAMPINGS = 16  # powers of ten below the largest eigenvalue: to where rounding hides the smallest
GRADIENT = 1e-8  # of √F at zero: where that begins


def zero_projection(W: Float, H: Float, b: Float) -> tuple[Float, Float, Float]:
    """W = 0, H = 0."""
    return np.zeros_like(W), np.zeros_like(H), b


def exchange_projection(form: Form, sign: int) -> Projection | None:
    """Onto W^2 = ± W^1, h_lk = ± h_kl, b^2 = b^1; None unless exchanging the two tasks leaves the form as it is."""
    if len(form.classes) != 2 or form.classes[0] != form.classes[1] or np.ptp(form.task_weights):
        return None
    if form.losses[0] != form.losses[1] or not form.named:  # real-valued targets are not looked through for a mirror
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

    Trust-region Newton-CG, which ends where F no longer tells points apart; then the same logits with the least
    penalty, and Newton steps on the gradient.
    """
    rows, columns = sum(form.classes), len(form.counts)
    everywhere, once = np.arange(columns), np.ones(columns, dtype=np.int64)
    origin = Point(np.zeros((rows, dim)), np.zeros(rows), np.zeros((dim, columns)), everywhere, once)
    space = _Subspace(form, origin, project)
    random = space.coordinates(np.random.default_rng(seed).standard_normal(space.frame.size))
    random = space.frame.vector(replace(space.frame.move(random), b=np.zeros(rows)))
    start = space.point(random)
    result: Any = minimize(
        lambda x: evaluate(form, space.point(x)).objective,
        random / np.sqrt(float(np.std(start.W @ start.H)) or 1.0),
        jac=lambda x: space.gradient(x),
        hessp=lambda x, v: space.product(x, v),
        method="trust-ncg",
        options={"gtol": GRADIENT * float(np.sqrt(evaluate(form, origin).objective)), "maxiter": 2000},
    )
    return _polished(form, _balanced(form, space.point(np.asarray(result.x)), project), project)


def refined(form: Form, point: Point) -> Point:
    """A solver's point, by the same steps over all points where its gradient is above 1e-8 √(2F); else as it is."""
    gradient = float(np.linalg.norm(Hessian(form, point).gradient))
    if gradient <= GRADIENT * float(np.sqrt(2.0 * evaluate(form, point).objective)):
        return point

    def everywhere(W: Float, H: Float, b: Float) -> tuple[Float, Float, Float]:
        return W, H, b

    return _polished(form, _balanced(form, point, everywhere), everywhere)


def _balanced(form: Form, point: Point, project: Projection) -> Point:
    """The same logits up to a constant of each task that is blind to it, W and b of those centred, and W̃ = U √S,
    H̃ = √S Vᵀ of Z̃ = W̃ H̃ = U S Vᵀ.

    Of all points with these losses W and H are the shortest. Where λ's are small the penalty is below F's
    rounding, and the descent leaves them as unlike as it found them. U and V have the symmetry of Z̃.
    """
    W, b = point.W.copy(), point.b.copy()
    for loss, rows in zip(form.loss_of, form.blocks, strict=True):
        if loss.shift_blind:
            W[rows] -= W[rows].mean(axis=0)
            b[rows] -= b[rows].mean()
    root_c, root_w = np.sqrt(form.rows_c)[:, None], np.sqrt(form.feature_weight)
    U, S, Vt = np.linalg.svd(root_c * (W @ point.H) * root_w, full_matrices=False)
    longer = (form.lambda_H / form.lambda_W) ** 0.25
    dim = min(len(point.H), len(S))
    W, H = np.zeros_like(W), np.zeros_like(point.H)
    W[:, :dim] = longer * (U * np.sqrt(S))[:, :dim] / root_c
    H[:dim] = (np.sqrt(S)[:, None] * Vt)[:dim] / (longer * root_w)
    W, H, b = project(W, H, b)
    return replace(point, W=W, H=H, b=b)


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
    """Newton steps on P D ∇F = 0, each in the units of the point that it starts from, while they halve the gradient.

    F's rounding ends the descent at a gradient of about 1e-8 √F. The Hessian is singular (F is constant along rotations
    of R^d) and its eigenvalues are many orders of magnitude apart: where it can be written out, a step is damped as
    Λ/(Λ² + μ²) of its eigenvalues Λ, with the best of several μ; beyond, MINRES takes it as it is.
    """
    for _ in range(POLISHING):
        space = _Subspace(form, point, project)
        slope = space.coordinates(space.frame.gradient)
        if not slope.any():
            return point
        x = space.frame.vector(Move(point.W, point.H, point.b))
        steps = _damped_steps(space, slope) if space.frame.size <= DENSE else [_minres_step(space, slope)]
        candidates = [x - step for step in steps]
        gradients = [float(np.linalg.norm(space.gradient(candidate))) for candidate in candidates]
        best = int(np.argmin(gradients))
        if not gradients[best] < np.linalg.norm(slope) / 2:
            return point
        point = space.point(candidates[best])
    return point


def _damped_steps(space: _Subspace, slope: Float) -> list[Float]:
    from scipy.linalg import eigh

    full = np.stack([space.coordinates(space.frame.product(space.coordinates(unit))) for unit in np.eye(len(slope))])
    values, vectors = eigh((full + full.T) / 2.0)
    along = vectors.T @ slope
    damping = float(np.abs(values).max()) * 10.0 ** np.arange(-DAMPINGS, 1)
    return [vectors @ (values / (values**2 + mu**2) * along) for mu in damping]


def _minres_step(space: _Subspace, slope: Float) -> Float:
    from scipy.sparse.linalg import LinearOperator, minres

    def product(v: Float) -> Float:
        return space.coordinates(space.frame.product(space.coordinates(v.ravel())))

    operator = LinearOperator((len(slope), len(slope)), matvec=product, dtype=np.float64)
    return np.asarray(minres(operator, slope, rtol=1e-12, maxiter=10 * len(slope))[0])
