"""The verdict in words and one line per case, for page, text and terminal."""

from __future__ import annotations

from verify.comparison.checks.row import FAILED, NOT_APPLICABLE, PASSED
from verify.main_job.case import Case, JobResult
from verify.report import numbers
from verify.report.blocks import Name, Verdict

NO_THEOREM = "no theorem covers it"
CURVE_NAME = "Figure 3(c)"
NOT_CERTIFIED = "not certified"  # no row failed, but the bound is open, as it may be where d is too small


# what a case's line shows first, and the rest of it
NUMBERS = ("rel. gap", "σ/τ", "checks", "seconds")
WORDS = ("theorem", "regime", "loss", "certificate", "objective F", "K_t", "N", "tuples", "λ_H, λ_W, λ_b")


def cells(case: Case) -> dict[str, str]:
    """The case in one line, by column."""
    problem, certificate, prediction = case.problem, case.report.certificate, case.report.prediction
    return {
        "verdict": Verdict(case_verdict(case)),
        "case": Name(one_line(case.name)),
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
        "checks": checks(case),
        "seconds": numbers.seconds(case.seconds),
    }


def case_verdict(case: Case) -> str:
    """ "passed", "failed" if a row failed, or "not certified"."""
    if case.report.passed:
        return PASSED
    return FAILED if case.report.failures else NOT_CERTIFIED


def uncertified(case: Case) -> str:
    """The case's name and why it is not certified."""
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
    """The number of distinct label tuples that occur, over all tasks if each has its own samples."""
    counts = case.problem.counts
    return sum(len(c) for c in counts) if isinstance(counts, tuple) else len(counts)


def tally(case: Case, verdict: str) -> int:
    """The number of rows of the comparison with this verdict."""
    return sum(row.verdict == verdict for row in case.report.rows)


def checks(case: Case) -> str:
    """Passed out of applicable checks, such as 18/18."""
    passed, failed = tally(case, PASSED), tally(case, FAILED)
    return f"{passed}/{passed + failed}"


def told(result: JobResult) -> str:
    """What was done and what it means, for a first-time reader."""
    cases = result.cases
    if not cases:
        return ""
    covered = sum(case.report.prediction is not None for case in cases)
    passed, failed, neither = (sum(tally(case, word) for case in cases) for word in (PASSED, FAILED, NOT_APPLICABLE))
    every = f"Each of the {len(cases)} cases below" if len(cases) > 1 else "The case below"
    geometry = "its geometry was compared with the theorem that covers it"
    if not covered:
        geometry = "no theorem covers it, so that only what every minimum has was checked"
    elif covered < len(cases):
        geometry += ", where there is one"
    text = (
        f"{every} is an optimization problem of the unconstrained feature model: linear heads of one task or more, "
        "and features that are free to be whatever lowers the loss most. It was solved numerically; a lower bound that "
        f"holds for every point shows how far the solution can be from the global minimum; and {geometry}. "
    )
    text += f"Of {passed + failed:,} checks {failed:,} failed" if failed else f"All {passed:,} checks passed"
    text += f"; {neither:,} more do not apply, since a hypothesis does not hold." if neither else "."
    if outcome(result) == PASSED:
        gap = max(case.report.certificate.relative_gap for case in cases)
        what, worst = ("every solution is", " at worst") if len(cases) > 1 else ("the solution is", "")
        looks = ", and looks as theory says" if covered == len(cases) else ""
        if 0 < covered < len(cases):
            looks = f"; the {covered} that a theorem covers look as it says"
        text += f" So {what} a certified global minimum, to within {numbers.small(gap)} of its value{worst}{looks}."
    return text


def verdicts(result: JobResult) -> tuple[tuple[Verdict, str], ...]:
    """The number of cases of each verdict; zero counts are left out, except for failures."""
    found = [case_verdict(case) for case in result.cases]
    words = [word for word in (PASSED, FAILED, NOT_CERTIFIED) if word in found or word == FAILED]
    return tuple((Verdict(word), _cases(found.count(word))) for word in words) if found else ()


def _cases(number: int) -> str:
    return f"{number} case{'s' if number != 1 else ''}"


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
    cases = _cases(total) if total else ""
    found = [f"{word}: {', '.join(names)}" for word, names in ((FAILED, failed), (NOT_CERTIFIED, open_cases)) if names]
    if not found:
        return f"Passed: {cases}{curve}"
    sentence = "; ".join(found)
    return f"{sentence[0].upper()}{sentence[1:]} (of {cases}{curve})"


def outcome(result: JobResult) -> str:
    """ "passed", "failed", "not certified" if nothing else is wrong, "not applicable" for an empty result."""
    if not result.cases and result.curve is None:
        return NOT_APPLICABLE
    verdicts = {case_verdict(case) for case in result.cases}
    if FAILED in verdicts or (result.curve is not None and not result.curve.passed):
        return FAILED
    return NOT_CERTIFIED if NOT_CERTIFIED in verdicts else PASSED
