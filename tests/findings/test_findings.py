"""The page of findings: every word on it follows from what was computed."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chromium import WIDTHS, browser, opened, overflow

import ufm
from ufm.support.content_digest import content_digest
from verify import replay
from verify.certification.rigorous import Enclosure
from verify.cli.findings_command import FindingsCommand
from verify.comparison.cosine_curve import cosine_curve
from verify.falsification.finding import Ended
from verify.falsification.problems import expression
from verify.findings.across_losses import QUESTIONS, Question, loss_sections, search_losses
from verify.findings.curves import draw_all
from verify.findings.investigations import INVESTIGATIONS
from verify.findings.laws import PROBLEMS, enclose_all
from verify.findings.limits import LAMBDAS, Limit, limit_section, limits
from verify.findings.run import Findings
from verify.findings.saddles import PROBLEMS as LANDSCAPES
from verify.findings.saddles import explore_all
from verify.findings.searches import search_all
from verify.findings.write import write_findings
from verify.report.as_html import as_html
from verify.report.as_markdown import as_markdown
from verify.report.blocks import Page, Paragraph, Section, table


def quiet(name: str) -> None:
    """No progress."""


def chosen(claim: str, family: str) -> int:
    return next(i for i, x in enumerate(INVESTIGATIONS) if (x.claim, x.family) == (claim, family))


def asked(claim: str) -> Question:
    return next(question for question in QUESTIONS if question.claim == claim)


@pytest.fixture(scope="module")
def findings() -> Findings:
    """A falsified claim, one that stands, one law, one curve, one landscape."""
    picked = [INVESTIGATIONS[chosen("nc4", "task-balanced")], INVESTIGATIONS[chosen("nc4", "pairwise-uniform")]]
    problem = PROBLEMS[6]
    return Findings(
        searched=search_all(picked, 10, 0, quiet),
        losses=search_losses([asked("orthogonal_rows"), asked("zero_bias")], 6, 0, quiet),
        enclosed=enclose_all([problem], quiet),
        limits=(Limit(problem, "proven", "every sign", LAMBDAS, (0.3, 0.2, float("nan"), 0.1)),),
        curves={"61": cosine_curve(3, 900, 3)},
        landscapes=explore_all(LANDSCAPES[2:3], quiet),
        budget=10,
        seed=0,
    )


def test_everything_is_written_and_replays(findings: Findings, tmp_path: Path) -> None:
    page = write_findings(findings, tmp_path)
    numbers = json.loads((tmp_path / "findings.json").read_text())
    assert findings.sound
    assert numbers["sound"] is True
    assert [item["verdict"] for item in numbers["searches"]] == ["counterexample", "no counterexample found"]
    text = page.read_text()
    kept = list((tmp_path / "counterexamples").iterdir())
    assert len(kept) == 5
    for file in kept:
        assert replay(file).recurs
    assert findings.searched[0].file in text
    enclosure = findings.searched[0].rigorous.enclosure
    assert repr(enclosure.lower) in text
    assert (tmp_path / "figures" / "figure-61.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob("*.part"))


def test_counterexamples_of_an_earlier_page_go_and_no_other_file(findings: Findings, tmp_path: Path) -> None:
    folder = tmp_path / "counterexamples"
    folder.mkdir()
    found, none = findings.searched
    for name in (none.file, "of-the-reader.json"):
        (folder / name).write_text("earlier")
    write_findings(findings, tmp_path)
    of_losses = [item.file for item in findings.losses if item.finding.counterexample is not None]
    assert sorted(path.name for path in folder.iterdir()) == sorted([found.file, "of-the-reader.json", *of_losses])


def test_the_pages_agree(findings: Findings, tmp_path: Path) -> None:
    write_findings(findings, tmp_path)
    markdown = (tmp_path / "findings.md").read_text().replace("\\", "")
    html = (tmp_path / "findings.html").read_text()
    for title in [section.title for section in findings.sections()]:
        assert title in markdown
        assert title.replace("'", "&#x27;") in html
    assert f"{findings.searched[0].finding.violation:.6g}" in markdown
    assert set(re.findall(r"\(figures/([^)]*)\)", markdown)) == {"figure-61.png"}


def test_the_page_in_a_browser(findings: Findings, tmp_path: Path) -> None:
    page = write_findings(findings, tmp_path)
    with browser() as chromium:
        for width in WIDTHS:
            with opened(chromium, page, width) as shown:
                assert overflow(shown) == 0
                shown.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
                assert overflow(shown) == 0


def test_intervals_that_do_not_meet_are_not_sound(findings: Findings) -> None:
    item = findings.enclosed[0]
    apart = Enclosure(*(1.0000001 * end for end in item.closed_form))
    assert not (apart.lower <= item.minimum.upper and item.minimum.lower <= apart.upper)
    wrong = dataclasses.replace(findings, enclosed=(dataclasses.replace(item, closed_form=apart, meet=False),))
    assert not wrong.sound
    assert any("NO" in str(section) for section in wrong.sections())


def test_a_search_that_tested_nothing_is_not_sound(findings: Findings) -> None:
    empty = dataclasses.replace(findings.searched[0].finding, counterexample=None, tried=3, not_applicable=3)
    searched = (dataclasses.replace(findings.searched[0], finding=empty, rigorous=None),)
    wrong = dataclasses.replace(findings, searched=searched)
    assert not wrong.sound
    assert "1 tested nothing" in wrong.lead


def test_an_interrupted_search_ends_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verify.falsification.trials.attempt", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_all(INVESTIGATIONS[:2], 10, 0, quiet)


def test_what_was_finished_before_an_interrupt_is_kept(
    findings: Findings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = list(findings.searched)

    def search(*arguments: object) -> Any:
        if not done:
            raise KeyboardInterrupt
        return done.pop(0)

    monkeypatch.setattr("verify.findings.searches.search", search)
    assert FindingsCommand(tmp_path).run() == 130
    numbers = json.loads((tmp_path / "findings.json").read_text())
    assert [item["claim"] for item in numbers["searches"]] == ["nc4", "nc4"]
    assert numbers["interrupted"] == f"{INVESTIGATIONS[2].claim} over {INVESTIGATIONS[2].searched}"
    assert not numbers["sound"]
    assert "Interrupted at nc4" in (tmp_path / "findings.md").read_text()
    assert "Interrupted at nc4" in capsys.readouterr().out


def test_nothing_is_written_where_nothing_was_finished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def search(*arguments: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("verify.findings.searches.search", search)
    with pytest.raises(KeyboardInterrupt):
        FindingsCommand(tmp_path).run()
    assert not list(tmp_path.iterdir())


def test_losses_stand_side_by_side(findings: Findings) -> None:
    whole, orthogonal, bias = loss_sections(findings.losses)
    cells = whole.blocks[1].rows
    assert [name for name, *_ in cells] == [asked("orthogonal_rows").title, asked("zero_bias").title]
    assert [cell.split(" ")[0] for cell in cells[0][1:]] == ["fails", "fails", "none"]
    assert [cell.split(" ")[0] for cell in cells[1][1:]] == ["none", "fails", "fails"]
    for section, items in ((orthogonal, findings.losses[:3]), (bias, findings.losses[3:])):
        for row, item in zip(section.blocks[1].rows, items, strict=True):
            counterexample = item.finding.counterexample
            assert (counterexample is None) == (row[3] == "–")
            if counterexample is not None:
                assert row[0] == counterexample.loss
                assert row[3] == expression(counterexample)


@pytest.mark.parametrize(
    "work",
    [
        lambda: enclose_all(PROBLEMS[:1], quiet),
        lambda: limits([], quiet),
        lambda: draw_all(3, quiet),
        lambda: explore_all(LANDSCAPES[:1], quiet),
    ],
)
def test_an_interrupted_solve_ends_everything(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver answers Ctrl-C with the point reached, which is no minimum: nothing may be made of it."""

    def interrupted(*arguments: Any, **options: Any) -> ufm.Solution:
        return dataclasses.replace(solve(*arguments, **options), outcome=ufm.Outcome.INTERRUPTED)

    solve = ufm.solve
    monkeypatch.setattr(ufm, "solve", interrupted)
    monkeypatch.setattr("ufm._solve_many.solve", interrupted)  # of the few of a list that share no shape
    with pytest.raises(KeyboardInterrupt):
        work()


def test_limits_without_a_certificate_show_no_number(findings: Findings) -> None:
    (text,) = [block for block in limit_section(findings.limits).blocks if not isinstance(block, Paragraph)]
    assert text.rows[0][2:6] == ("0.3000", "0.2000", "–", "0.1000")


def test_text_is_escaped() -> None:
    sections = [Section("a < b", (Paragraph("x | y & <script>"), table(("|", "n"), [("<i>", "1")], ("n",))))]
    page = Page("t", "lead", tuple(sections))
    html = as_html(page)
    assert "x | y &amp; &lt;script&gt;" in html
    assert "<i>" not in html.split("<script>")[0]
    markdown = as_markdown(page)
    assert r"x \| y & \<script\>" in markdown
    assert r"| \<i\> | 1 |" in markdown


def test_investigations_are_distinct_searches() -> None:
    every = [*INVESTIGATIONS, *(item for question in QUESTIONS for item in question.investigations)]
    assert len({(item.claim, item.searched) for item in every}) == len(every)
    assert len({item.name for item in every}) == len(every)
    assert len({question.title for question in QUESTIONS}) == len(QUESTIONS)


def test_an_enum_has_the_digest_of_its_text() -> None:
    assert content_digest({"ended": Ended.SHRUNK}) == content_digest({"ended": str(Ended.SHRUNK)})
