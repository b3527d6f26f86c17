"""Reports as a reader has them in a browser: at every width, light and dark, folded, turned, pointed at, printed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import WIDTHS, browser, opened, overflow
from reported_results import HOSTILE, LAMBDAS, case, curve, failing

from ufm import SingleSource
from verify.main_job import write_report
from verify.main_job.case import JobResult, run_case

UNFOLD = "for (const each of document.querySelectorAll('details')) each.open = true"
END_OF_SCRIPT = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hostile = run_case(END_OF_SCRIPT, SingleSource.balanced((2,), 3, **LAMBDAS))
    cases = (case("balanced"), case(HOSTILE), case("multi"), failing(case("correlated")), hostile)
    return write_report(JobResult(cases, curve()), tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(chromium: Any, file: Path, width: int) -> None:
    with opened(chromium, file, width) as page:
        assert overflow(page) == 0
        page.evaluate(UNFOLD)
        assert overflow(page) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_verdict_and_gap_are_in_sight_at_every_width(chromium: Any, file: Path, width: int) -> None:
    with opened(chromium, file, width) as page:
        for line in page.query_selector_all(".lines > details > summary"):
            for part in (".verdict", ".numbers > span:first-child", ".numbers > span:last-child"):
                box = line.query_selector(part).bounding_box()
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
                assert box["width"] > 0


def test_links_of_the_contents_unfold_what_they_lead_to(chromium: Any, file: Path) -> None:
    with opened(chromium, file) as page:
        links = page.query_selector_all("nav a")
        assert len(links) == 5 + 2  # cases, curve, how to read
        for link in links:
            link.click()
            page.wait_for_timeout(50)
            target = page.query_selector(f'[id="{link.get_attribute("href")[1:]}"]')
            assert target.evaluate("e => e.tagName !== 'DETAILS' || e.open")
            assert target.evaluate(
                "e => e.getBoundingClientRect().top < innerHeight && e.getBoundingClientRect().bottom > 0"
            )
    with opened(chromium, file, anchor="case-3") as page:
        assert page.evaluate("document.getElementById('case-3').open && !document.getElementById('case-2').open")


def test_folding(chromium: Any, file: Path) -> None:
    with opened(chromium, file) as page:
        unfolded = "document.querySelectorAll('.lines > details[open]').length"
        assert page.evaluate(unfolded) == 0
        for button, number in (("open", 5), ("close", 0)):
            page.click(f"[data-fold={button}]")
            assert page.evaluate(unfolded) == number


def test_light_and_dark_differ(chromium: Any, file: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    seen = {}
    for scheme in ("light", "dark"):
        with opened(chromium, file, scheme=scheme) as page:
            seen[scheme] = page.evaluate(ground)
            page.click("#theme")
            seen[f"not {scheme}"] = page.evaluate(ground)
    assert seen["light"] == seen["not dark"] != seen["dark"] == seen["not light"]


def test_paper_has_no_folds(chromium: Any, file: Path) -> None:
    folded = "document.querySelectorAll('main details:not([open])').length"
    with opened(chromium, file) as page:
        before = page.evaluate(folded)
        page.emulate_media(media="print")
        page.wait_for_function(f"{folded} === 0")
        assert page.is_hidden("nav")
        page.emulate_media(media="screen")
        page.wait_for_function(f"{folded} === {before}")


PICTURE = """() => {
  const canvas = document.querySelector("#case-1 canvas"), empty = document.createElement("canvas");
  Object.assign(empty, { width: canvas.width, height: canvas.height });
  return [canvas.toDataURL(), empty.toDataURL()];
}"""


def test_the_view_in_space_draws_turns_and_names(chromium: Any, file: Path) -> None:
    with opened(chromium, file, anchor="case-1") as page:
        canvas = page.locator("#case-1 canvas")
        canvas.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        first, empty = page.evaluate(PICTURE)
        canvas.focus()
        page.keyboard.press("ArrowRight")
        turned, _ = page.evaluate(PICTURE)
        box = canvas.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 40, middle[1] + 25)
        page.mouse.up()
        dragged, _ = page.evaluate(PICTURE)
        assert len({empty, first, turned, dragged}) == 4
        named = page.locator("#case-1 .space .readout b")
        for dy in range(0, int(box["height"]), 12):  # somewhere there is a mark
            for dx in range(0, int(box["width"]), 12):
                page.mouse.move(box["x"] + dx, box["y"] + dy)
                if named.text_content():
                    break
            if named.text_content():
                break
        assert named.text_content().startswith(("w_", "feature of label"))


def test_the_curve_tells_values_under_the_pointer(chromium: Any, file: Path) -> None:
    of = curve()
    with opened(chromium, file, anchor="curve") as page:
        page.wait_for_timeout(100)
        sheet = page.locator("#curve .plane")
        values = page.locator("#curve .values")
        assert values.is_hidden()
        box = page.locator("#curve .plane > svg").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert "Theorem 5.1" in values.inner_text()
        page.mouse.move(1, 1)
        assert values.is_hidden()
        sheet.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        told = [float(b.text_content()) for b in page.query_selector_all("#curve .values b")]
        solved = list(of.solved_n_same)
        place = solved.index(told[0])
        assert told[1:] == pytest.approx([of.solved_cosine[place]] * 2, abs=1e-3)
        marks = page.query_selector_all("#curve .plane > svg > g:last-child circle")
        spots = [{k: float(mark.get_attribute(k)) for k in ("cx", "cy")} for mark in marks]
        assert spots[0] == pytest.approx(spots[1], abs=0.5)


def test_names_of_users_are_text(chromium: Any, file: Path) -> None:
    with opened(chromium, file) as page:
        assert page.title() != "taken"
        assert END_OF_SCRIPT in page.inner_text("#case-5 h2")
        assert page.query_selector("main img") is None


def test_a_page_without_script_is_whole(chromium: Any, file: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.is_visible("#case-1 > summary")
    page.click("#case-1 > summary")
    assert page.is_visible("#case-1 .stack, #case-1 table")
    assert page.is_visible("#curve .sheet > svg")
    context.close()


@pytest.mark.slow
def test_the_main_job(chromium: Any, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "ufm", "verify", "--report", str(tmp_path)], check=True, timeout=900)
    file = tmp_path / "report.html"
    assert file.stat().st_size <= 1.2e6
    for width in WIDTHS:
        with opened(chromium, file, width) as page:
            assert page.evaluate("document.scrollingElement.scrollHeight") < 15_000
            page.evaluate(UNFOLD)
            assert overflow(page) == 0
