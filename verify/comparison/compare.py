"""A solution compared with the theorem that covers its problem, property by property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import theory
import ufm
from ufm.support.display import html_table
from ufm.support.frames import data_frame
from verify._metrics import Metrics, metrics
from verify._metrics.measured import definition
from verify.certification.certificate import GLOBAL, Certificate, certify, check_tolerance
from verify.comparison.checks import optimality
from verify.comparison.checks.biases import bias_rows
from verify.comparison.checks.decisions import decision_rows
from verify.comparison.checks.features import feature_rows
from verify.comparison.checks.heads import head_rows
from verify.comparison.checks.measurement import Measurement, measure
from verify.comparison.checks.regression import regression_rows
from verify.comparison.checks.row import FAILED, OBJECTIVE_TOLERANCE, PASSED, Row, not_applicable
from verify.reading.form import Problem
from verify.reading.read import At, read
from verify.report import numbers
from verify.report.as_text import text_table
from verify.report.blocks import Table, Verdict, table


@dataclass(frozen=True)
class Report:
    """The checks of a solution and their results.

    rows         one Row per check: check, measured, expected, tolerance, verdict, source
    prediction   theory.predict(problem), or None if no theorem covers the problem
    not_covered  the theory.NotCovered with the reason, or None
    certificate  verify.certify of the same point
    metrics      verify.metrics of the same point; metrics.reasons says why a metric is NaN
    """

    rows: tuple[Row, ...]
    prediction: theory.Prediction | None
    not_covered: theory.NotCovered | None
    certificate: Certificate
    metrics: Metrics

    @property
    def passed(self) -> bool:
        """Whether the point is certified as a global minimum within the tolerance, some row passed and none failed."""
        some = any(row.verdict == PASSED for row in self.rows)
        return self.certificate.verdict == GLOBAL and some and not self.failures

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that failed."""
        return tuple(row for row in self.rows if row.verdict == FAILED)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: plain numbers, strings and lists; None for NaN."""
        certificate = self.certificate
        return {
            "passed": self.passed,
            "theorem": None if self.prediction is None else self.prediction.theorem,
            "regime": None if self.prediction is None else self.prediction.regime,
            "within_theorem": None if self.prediction is None else self.prediction.within_theorem,
            "not_covered": None if self.not_covered is None else str(self.not_covered),
            "certificate": certificate.to_dict(),
            "metrics": self.metrics.to_dict(),
            "undefined_metrics": {name: why for name, why in self.metrics.reasons.items() if name in self.metrics},
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_frame(self) -> Any:
        """The rows as a pandas.DataFrame: check, measured, expected, tolerance, verdict, passed, source, note."""
        return data_frame([row.to_dict() for row in self.rows])

    @property
    def title(self) -> str:
        """The theorem compared with, and the outcome."""
        if self.passed or self.failures:
            outcome = "passed" if self.passed else "failed"
        else:
            outcome = "not possible, the point is not certified"
        if self.prediction is None:
            return f"No theorem covers this problem; what every minimum has: {outcome}"
        return f"Comparison with {self.prediction.theorem} {outcome}: {self.prediction.regime}"

    def table(self) -> Table:
        """The rows as cells to display."""
        header = ("verdict", "check", "measured", "expected", "tolerance", "source", "note")
        rows = [
            (
                Verdict(row.verdict),
                row.check,
                numbers.value(row.measured),
                numbers.value(row.expected),
                numbers.small(row.tolerance),
                row.source,
                row.note,
            )
            for row in self.rows
        ]
        return table(header, rows, header[2:5], {"check": "name", "source": "words", "note": "words"})

    def __str__(self) -> str:
        reasons = [] if self.not_covered is None else [str(self.not_covered)]
        return "\n".join([self.title, *reasons, text_table(self.table())])

    def _repr_html_(self) -> str:
        shown = self.table()
        return html_table(self.title, shown.rows, shown.header)


def compare(problem: Problem | At, solution: Any = None, *, tolerance: float = OBJECTIVE_TOLERANCE) -> Report:
    """Compares a solution with ``theory.predict(problem)``, up to a rotation of R^d.

    Rows: the certificate; balance, which holds at every critical point; the closed-form minimum; logits, biases, Gram
    matrix and cosines of the heads; every property of the theorem by its number, the scale of eqs. 14, 23, 29 included;
    of regression NRC1 to NRC3. Whatever the theorem does not claim here (a head past its threshold, d below the
    theorem's, no classes, no theorem at all) reads "not applicable" with the reason, never "passed". A sample is left
    out in tasks where it has no label.

    solution   as returned by ``ufm.solve``, or anything with .W, .H and optionally .b, .labels
    tolerance  relative, of the objective; geometry gets its square root, and quantities that are zero at a threshold
               its fourth root (F is quadratic in the former and, at worst, quartic in the latter)

    Raises as ``verify.certify``, and ValueError for a solution whose solver was interrupted short of its tolerance.
    """
    tolerance = check_tolerance(tolerance, OBJECTIVE_TOLERANCE)
    at = read(problem, solution)
    given = at.solution
    if isinstance(given, ufm.Solution) and given.outcome is ufm.Outcome.INTERRUPTED and not given.converged:
        raise ValueError(
            f"solution.outcome={given.outcome!r}: no theorem is about the point at which a solver was interrupted; "
            "solve again, or verify.certify it as it is"
        )
    certificate = certify(at, tolerance=tolerance)
    measured = metrics(at)
    rows = optimality.certificate_rows(certificate, tolerance)
    rows += optimality.balance_rows(at.samples, certificate.objective, tolerance)
    try:
        prediction = theory.predict(at.problem)
    except theory.NotCovered as reason:
        note = "no theorem covers this problem"
        rows += [
            not_applicable(name, 0.0, definition(name), measured.reasons.get(name, note), measured=value)
            for name, value in measured.items()
        ]
        return Report(tuple(rows), None, reason, certificate, measured)
    rows.append(optimality.bracket_row(prediction, certificate, tolerance))
    rows += _theorem_rows(measure(at, prediction, certificate, tolerance))
    return Report(tuple(rows), prediction, None, certificate, measured)


def _theorem_rows(at: Measurement) -> list[Row]:
    rows = [
        optimality.objective_row(at.prediction, at.certificate, at.tolerance),
        *head_rows(at),
        *bias_rows(at),
        *feature_rows(at),
        *regression_rows(at),
        *decision_rows(at),
    ]
    if at.certificate.dim < at.prediction.required_dim:
        note = f"d = {at.certificate.dim} < {at.prediction.required_dim}, which {at.prediction.theorem} requires"
        rows = [optimality.without_verdict(row, note) for row in rows]
    return rows
