"""The balanced program of sigmoids in 50 digits, minimized on its own: optimality of a, m and of who takes the mean.

One task of weight 1. In place of the probabilities of ``theory.margins.sigmoid_task`` it takes logits as unknowns, and
of each smooth piece (a > 0 or not; the mean in the bias alone, in both, in the heads alone, nowhere) the lowest value.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp


class SigmoidProgram:
    """F(a, μ, b) of K classes with n samples each."""

    def __init__(self, K: int, n: int, lambda_H: Any, lambda_W: Any, lambda_b: Any, epsilon: Any = 0) -> None:
        self.K, self.n = K, n
        self.tau = 2 * mp.sqrt(mp.mpf(lambda_H) * mp.mpf(lambda_W))
        self.lambda_b = None if lambda_b is None else mp.mpf(lambda_b)
        self.epsilon = mp.mpf(epsilon)

    def value(self, a: Any, mu: Any, b: Any) -> Any:
        K, n, epsilon = self.K, self.n, self.epsilon
        on, off = a * (1 - mp.mpf(1) / K) + mu + b, -a / K + mu + b
        column = mp.log1p(mp.exp(on)) - (1 - epsilon + epsilon / K) * on
        column += (K - 1) * (mp.log1p(mp.exp(off)) - epsilon / K * off)
        norm = self.tau * mp.sqrt(n) * ((K - 1) * abs(a) + K * abs(mu))
        return K * n * column + norm + (self.lambda_b or 0) * K * b**2

    def minimum(self) -> Any:
        """The least over pieces of the stationary values found there, all of them feasible."""
        pieces = [("a", ()), ("", ())]
        moving = {None: ["mu"], 0: ["b"]}.get(self.lambda_b, ["b", "mu b"])
        pieces += [(a, tuple(m.split())) for a in ("a", "") for m in moving]
        return min((self._stationary(a, means) for a, means in pieces), key=lambda found: found[0])

    def _stationary(self, a: str, means: tuple[str, ...]) -> tuple[Any, Any, Any, Any]:
        names = [*a, *means]
        if not names:
            return self.value(0, 0, 0), mp.mpf(0), mp.mpf(0), mp.mpf(0)

        def at(values: Any) -> Any:
            point = dict(zip(names, values, strict=True))
            return [point.get(name, mp.mpf(0)) for name in ("a", "mu", "b")]

        start = {"a": mp.mpf(1), "mu": mp.mpf(-1) / 2, "b": mp.mpf(-1) / 2}
        found = self._newton(lambda *x: self.value(*at(x)), [start[name] for name in names])
        return self.value(*at(found)), *at(found)

    @staticmethod
    def _newton(f: Any, x: list[Any]) -> list[Any]:
        """Damped, derivatives by differences in 50 more digits; steps that do not descend are halved."""
        size = len(x)
        with mp.workdps(2 * mp.mp.dps + 20):
            h = mp.mpf(10) ** (-mp.mp.dps // 4)

            def moved(*steps: tuple[int, int]) -> Any:
                y = list(x)
                for i, sign in steps:
                    y[i] += sign * h
                return f(*y)

            for _ in range(60):
                here = f(*x)
                plus, minus = [moved((i, 1)) for i in range(size)], [moved((i, -1)) for i in range(size)]
                gradient = mp.matrix([(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)])
                hessian = mp.matrix(size)
                for i in range(size):
                    hessian[i, i] = (plus[i] - 2 * here + minus[i]) / h**2
                    for j in range(i):
                        mixed = sum(s * t * moved((i, s), (j, t)) for s in (1, -1) for t in (1, -1))
                        hessian[i, j] = hessian[j, i] = mixed / (4 * h**2)
                step = mp.lu_solve(hessian, -gradient)
                length = mp.mpf(1)
                while f(*(v + length * s for v, s in zip(x, step, strict=True))) > here and length > h:
                    length /= 2
                if length <= h:  # at a kink: the minimum is of another piece
                    break
                x = [v + length * s for v, s in zip(x, step, strict=True)]
                if mp.norm(step) < h:  # the next one is below h²
                    break
        return x
