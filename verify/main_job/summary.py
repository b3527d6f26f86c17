"""The verdict in words and one line per case, for the page, the text and the terminal alike."""

from __future__ import annotations

from collections.abc import Sequence

from verify.comparison.checks.row import FAILED, NOT_APPLICABLE, PASSED
from verify.main_job.case import Case, JobResult
from verify.report import numbers
from verify.report.blocks import Link, Table, Verdict, table

NO_THEOREM = "no theorem covers it"
CURVE_NAME = "Figure 3(c)"
NOT_CERTIFIED = "not certified"  # no row failed, but the bound is open, as it may be where d is too small


# columns of the summary table
NUMERIC = frozenset({"N", "tuples", "objective F", "rel. gap", "σ/τ", "✓ / ✗ / n.a.", "seconds"})
WIDTHS = {
    "case": "name",
    "theorem": "short",
    "regime": "words",
    "certificate": "short",
    "K_t": "short",
    "loss": "short",
    "λ_H, λ_W, λ_b": "short",
}


def summary_table(cases: Sequence[Case]) -> Table:
    """One line per case, which leads to its section."""
    rows = [cells(case, number) for number, case in enumerate(cases, start=1)]
    return table(rows[0], (row.values() for row in rows), NUMERIC, WIDTHS)


def cells(case: Case, number: int) -> dict[str, str]:
    """The case in one line, by column."""
    problem, certificate, prediction = case.problem, case.report.certificate, case.report.prediction
    return {
        "verdict": Verdict(case_verdict(case)),
        "case": Link(one_line(case.name), f"case-{number}"),
        "theorem": NO_THEOREM if prediction is None else prediction.theorem,
        "regime": numbers.MISSING if prediction is None else regime(case),
        "K_t": numbers.class_numbers(problem.classes),
        "N": numbers.count(problem.samples),
        "tuples": numbers.count(label_tuples(case)),
        "loss": numbers.per_task(problem.losses),
        "λ_H, λ_W, λ_b": lambdas(case),
        "objective F": numbers.objective(certificate.objective),
        "rel. gap": numbers.small(certificate.relative_gap),
        "σ/τ": f"{certificate.spectral_ratio:.6g}",
        "certificate": certificate.verdict,
        "✓ / ✗ / n.a.": " / ".join(str(tally(case, verdict)) for verdict in (PASSED, FAILED, NOT_APPLICABLE)),
        "seconds": numbers.seconds(case.seconds),
    }


def case_verdict(case: Case) -> str:
    """ "passed", "failed" where a row failed, or "not certified"."""
    if case.report.passed:
        return PASSED
    return FAILED if case.report.failures else NOT_CERTIFIED


def uncertified(case: Case) -> str:
    """The case's name and why nothing is said of it."""
    certificate = case.report.certificate
    short = certificate.dim < certificate.sufficient_dim
    reason = f"d = {certificate.dim} < {certificate.sufficient_dim}" if short else certificate.verdict
    return f"{one_line(case.name)} ({reason})"


def one_line(name: str) -> str:
    """A name without line breaks, which would break a table."""
    return " ".join(name.split()) or "unnamed"


def regime(case: Case) -> str:
    """The prediction's regime, and whether it is past a threshold, or else beyond what the paper states."""
    prediction = case.report.prediction
    if prediction is None:
        return ""
    if prediction.within_theorem:
        return prediction.regime
    return f"{prediction.regime} ({'past the threshold' if prediction.past_threshold else 'beyond the paper'})"


def lambdas(case: Case) -> str:
    """λ_H, λ_W, λ_b, or one number where they are equal; λ_b is "none" without bias."""
    problem = case.problem
    values = [f"{problem.lambda_H:g}", f"{problem.lambda_W:g}"]
    values.append("none" if problem.lambda_b is None else f"{problem.lambda_b:g}")
    return values[0] if len(set(values)) == 1 else ", ".join(values)


def label_tuples(case: Case) -> int:
    """Distinct label tuples that occur; over all tasks where each has samples of its own."""
    counts = case.problem.counts
    return sum(len(c) for c in counts) if isinstance(counts, tuple) else len(counts)


def tally(case: Case, verdict: str) -> int:
    """Rows of the comparison with this verdict."""
    return sum(row.verdict == verdict for row in case.report.rows)


def headline(result: JobResult) -> str:
    """The overall verdict in one sentence."""
    total = len(result.cases)
    if total == 0 and result.curve is None:
        return "Nothing was checked"
    failed = [one_line(case.name) for case in result.cases if case_verdict(case) == FAILED]
    if result.curve is not None and not result.curve.passed:
        failed.append(CURVE_NAME)
    open_cases = [uncertified(case) for case in result.cases if case_verdict(case) == NOT_CERTIFIED]
    curve = "" if result.curve is None else f" and {CURVE_NAME}" if total else CURVE_NAME
    cases = f"{total} case{'s' if total != 1 else ''}" if total else ""
    found = [f"{word}: {', '.join(names)}" for word, names in ((FAILED, failed), (NOT_CERTIFIED, open_cases)) if names]
    if not found:
        return f"Passed: {cases}{curve}"
    sentence = "; ".join(found)
    return f"{sentence[0].upper()}{sentence[1:]} (of {cases}{curve})"


def outcome(result: JobResult) -> str:
    """ "passed", "failed", "not certified" where that is all that is wrong, "not applicable" of an empty result."""
    if not result.cases and result.curve is None:
        return NOT_APPLICABLE
    verdicts = {case_verdict(case) for case in result.cases}
    if FAILED in verdicts or (result.curve is not None and not result.curve.passed):
        return FAILED
    return NOT_CERTIFIED if NOT_CERTIFIED in verdicts else PASSED
