"""The documentation is true: every Python block runs as a reader would run it, and every relative link resolves."""

from __future__ import annotations

import contextlib
import io
import pkgutil
import re
import warnings
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "docs" / "_generated"
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if not p.is_relative_to(BUILT))
RUNNABLE = ("python", "{code-cell} ipython3")
NOT_RUN = "python no-run"
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
TRAINING = re.compile(r"\btrain\w*\(")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """(line of the code's first line, what follows the opening fence, code) of every fenced block."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 2, m[1].strip(), m[2]) for m in FENCE.finditer(text)]


def anchors(page: Path) -> set[str]:
    """What a fragment may name: each heading in lower case, punctuation dropped, spaces as hyphens."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def words(text: str) -> list[str]:
    """Line by line, a # for every number: how a number ends, and whether it has an exponent, is the machine's."""
    return [" ".join(NUMBER.sub("#", line).split()) for line in text.strip().splitlines()]


def decimals(printed: str, shown: str) -> list[tuple[float, float]]:
    """Pairs that have a point and no exponent: not numbers of steps, nor rounding errors."""
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True)
    plain = [pair for pair in pairs if all("." in number and "e" not in number for number in pair)]
    return [(float(here.replace(",", "")), float(there.replace(",", ""))) for here, there in plain]


WITH_CODE = [page for page in PAGES if any(info in RUNNABLE for _, info, _ in blocks(page))]
# seven runs of thousands of steps; thirty searches, most of which tests/falsify makes too
LONG = ("docs/howto/task-weighting.md", "docs/howto/falsify-a-claim.md")


def test_readme_and_docs_have_code_to_run() -> None:
    found = {name(page) for page in WITH_CODE}
    assert {
        "README.md",
        "docs/tutorial.md",
        "docs/howto/certify-a-point.md",
        "docs/howto/solve-large-problems.md",
    } <= found


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.slow) if name(page) in LONG else page for page in WITH_CODE],
    ids=name,
)
def test_python_blocks_run_and_print_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of a page share a namespace, start in an empty folder, and may not warn.

    A text block that follows is what was printed: the same words, and the same decimals to one part in a hundred, but
    for trained networks, whose digits are those of a machine and a number of threads.
    """
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed: str | None = None
    trains = any(info in RUNNABLE and TRAINING.search(code) for _, info, code in blocks(page))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"lightning\.")  # its own, of PyTorch
        warnings.filterwarnings("ignore", message=".*does not have many workers")  # Lightning's, where cores are many
        for line, info, code in blocks(page):
            if info in RUNNABLE:
                with contextlib.redirect_stdout(io.StringIO()) as output:
                    # blank lines first, so that a traceback names the page's own line
                    exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)
                printed = output.getvalue()
            elif info == "text" and printed is not None:
                assert words(printed) == words(code), f"{name(page)}:{line}"
                for here, there in [] if trains else decimals(printed, code):
                    assert here == pytest.approx(there, rel=0.01, abs=1e-6), f"{name(page)}:{line}"
                printed = None
            else:
                printed = None


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_fences_are_spelled_so_that_none_is_skipped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks(page))
    for line, info, _ in blocks(page):
        python = info.lower().startswith(("py", "{.py", "{py"))
        assert not python or info in (*RUNNABLE, NOT_RUN), f"{name(page)}:{line}: fence {info!r}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    missing = []
    for link in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        there = target.is_relative_to(ROOT) and target.exists()
        if not there or (fragment and (target.suffix != ".md" or unquote(fragment) not in anchors(target))):
            missing.append(link)
    assert not missing, f"{name(page)} links to what is not there: {', '.join(missing)}"


PLACE = re.compile(r"`((?:ufm|theory|verify|ufm_networks|tests|docs|benchmarks|experiments)/[^`\s]*)`")
DOTTED = re.compile(r"`((?:ufm|theory|verify|ufm_networks)(?:\.\w+)+)[`(]")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_and_names_in_backticks_are_there(page: Path) -> None:
    """Of the tree and its public names; capitals (NAME, X_Y, FILE) are what a reader puts in."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    places = [place for place in PLACE.findall(text) if not re.search(r"[A-Z*]{2}|X_Y|[…<{*]", place)]
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert [dotted for dotted in DOTTED.findall(text) if not resolves(dotted)] == []


def resolves(dotted: str) -> bool:
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True
