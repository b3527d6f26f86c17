"""Steihaug–Toint conjugate gradients for many problems at once, each at a step of its own.

As ``ufm.solvers.newton.steihaug``, in the Euclidean metric. One product with every problem's Hessian at a time; a
problem whose step has ended waits, unchanged, until it is begun again.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ufm.solvers.batch.objective import BatchObjective, Linearization
from ufm.solvers.batch.products import dot

MOST = 200  # products of one step


@dataclass
class Conjugate:
    """z, the model's residual and the direction (variables, B); the rest (B,), ``steihaug``'s variables of its names.

    ended        the step is there: within the radius, on its boundary, or as long as MOST products make it
    """

    z: Tensor
    residual: Tensor
    direction: Tensor
    rr: Tensor
    first: Tensor
    zz: Tensor
    zd: Tensor
    dd: Tensor
    decrease: Tensor
    products: Tensor
    on_boundary: Tensor
    ended: Tensor

    @classmethod
    def begun(cls, gradient: Tensor) -> Conjugate:
        """At z = 0."""
        rr = dot(gradient, gradient)
        zero, no = torch.zeros_like(rr), torch.zeros_like(rr, dtype=torch.bool)
        return cls(
            z=torch.zeros_like(gradient),
            residual=gradient.clone(),
            direction=-gradient,
            rr=rr,
            first=rr,
            zz=zero,
            zd=zero,
            dd=rr,
            decrease=zero,
            products=zero,
            on_boundary=no,
            ended=no,
        )

    def begin(self, at: Tensor, gradient: Tensor) -> Conjugate:
        """Begun again where ``at`` (B,) is true."""
        new = Conjugate.begun(gradient)
        return Conjugate(
            **{
                field.name: torch.where(at, getattr(new, field.name), getattr(self, field.name))
                for field in fields(self)
            }
        )

    def take(self, index: Tensor) -> Conjugate:
        """The steps of the problems numbered ``index``."""
        return Conjugate(**{field.name: getattr(self, field.name)[..., index] for field in fields(self)})

    def advance(self, objective: BatchObjective, at: Linearization, radius: Tensor, forcing: Tensor) -> None:
        """One product each, in place."""
        product = objective.hessian_vector(at, self.direction)
        curvature = dot(self.direction, product)
        active = ~self.ended
        alpha = self.rr / curvature
        longer = self.zz + 2 * alpha * self.zd + alpha * alpha * self.dd
        crosses = ~(curvature > 1e-15 * self.dd) | (longer >= radius * radius)
        to_boundary = self.zd * self.zd + self.dd * (radius * radius - self.zz)
        to_boundary = (to_boundary.clamp_min(0.0).sqrt() - self.zd) / self.dd
        fallen = torch.where(crosses, to_boundary * (self.rr - 0.5 * to_boundary * curvature), 0.5 * alpha * self.rr)
        step = torch.where(crosses, to_boundary, alpha)
        step = torch.where(active, step, 0.0)
        self.z.addcmul_(self.direction, step)
        self.residual.addcmul_(product, step)
        self.decrease = torch.where(active, self.decrease + fallen, self.decrease)
        self.products = self.products + active
        self.zz = torch.where(active, torch.where(crosses, radius * radius, longer), self.zz)
        rr = dot(self.residual, self.residual)
        ends = crosses | ~(rr > forcing * forcing * self.first) | (self.products >= MOST)
        goes_on = active & ~ends
        beta = torch.where(goes_on, rr / self.rr, 0.0)
        self.zd = torch.where(goes_on, beta * (self.zd + alpha * self.dd), self.zd)
        self.dd = torch.where(goes_on, rr + beta * beta * self.dd, self.dd)
        self.rr = torch.where(goes_on, rr, self.rr)
        self.direction.mul_(beta).sub_(self.residual)
        self.on_boundary = self.on_boundary | (active & crosses)
        self.ended = self.ended | ends

    @property
    def length(self) -> Tensor:
        """(B,) ‖z‖."""
        return self.zz.clamp_min(0.0).sqrt()
