import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from reported_results import HOSTILE, as_gradient, case, curve, failing, falling, result

from ufm.support import writable
from verify.main_job import write, write_report
from verify.main_job.case import JobResult
from verify.report.as_text import text_table

CELLS = {"td", "th", "dt", "dd"}
VOID = {"meta", "img", "br", "link", "input", "hr"}
FIGURES = len(result().cases) + 2  # one a case, the history of one, the curve


class Page(HTMLParser):
    """Text, attributes and balance of a page."""

    def __init__(self, source):
        super().__init__()
        self.open, self.text, self.attributes, self.tags, self.rows = [], [], [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "dt", "dd"):
            self.rows[-1:] = [[*self.rows[-1], ""]] if tag in ("td", "th") else [*self.rows[-1:], [""]]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)
        if CELLS & set(self.open) and "i" not in self.open:  # the column's name, for narrow windows
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_report(result(), tmp_path_factory.mktemp("report") / "new" / "folder").parent


@pytest.fixture(scope="module")
def page(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def data(folder):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads((folder / "report.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_files_are_there_and_whole(folder, data):
    assert {p.name for p in folder.iterdir()} == {"report.html", "report.txt", "report.json", "figures"}
    figures = [name for entry in (*data["cases"], data["curve"]) for name in entry["figures"]]
    assert sorted(figures) == sorted(f"figures/{p.name}" for p in (folder / "figures").iterdir())
    assert len(figures) == 2 * FIGURES
    for name in figures:
        content = (folder / name).read_bytes()
        if name.endswith("png"):
            assert content.startswith(b"\x89PNG")
            assert content.endswith(b"IEND\xaeB`\x82")
        else:
            assert ElementTree.fromstring(content).tag.endswith("svg")


def test_page_is_balanced_and_self_contained(page):
    assert page.open == []
    assert not {"iframe", "object"} & set(page.tags)
    targets = [value for name, value in page.attributes if name in ("src", "href", "srcset", "data")]
    assert targets
    assert all(value.startswith(("#", "data:image/png;base64,")) or value == "data:," for value in targets)
    assert sum(name == "class" and value.startswith("sheet") for name, value in page.attributes) == FIGURES
    anchors = {value for name, value in page.attributes if name == "id"}
    assert all(value[1:] in anchors for value in targets if value.startswith("#"))


def test_style_names_no_outside_file(folder):
    style = re.search("<style>(.*?)</style>", (folder / "report.html").read_text(encoding="utf-8"), re.S)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_names_are_escaped_and_legible(folder, page):
    assert "<script>alert" not in (folder / "report.html").read_text(encoding="utf-8")
    name = " ".join(HOSTILE.split())
    assert sum(name in text for text in page.text) == 2  # contents and section
    assert name in (folder / "report.txt").read_text(encoding="utf-8")


def test_every_row_of_every_case_is_on_the_page(page):
    shown = [tuple(row[i].strip() for i in (0, 1, 2, 5, 6)) for row in page.rows if len(row) == 7]
    for each in result().cases:
        for row in each.report.rows:
            measured = "–" if row.measured != row.measured else f"{row.measured:.10g}"
            check = re.sub(r"[_^]", "", row.check)  # typeset
            assert (row.verdict, check, measured, row.source, row.note) in shown


def test_every_row_of_every_case_is_in_the_text(folder):
    text = (folder / "report.txt").read_text(encoding="utf-8")
    for each in result().cases:
        assert f"{each.report.title}\n{text_table(each.report.table())}" in text
        assert str(each.report.certificate) in text
        assert str(each.problem) in text


def test_reasons_thresholds_and_metrics_are_on_the_page(page):
    cells = {cell for row in page.rows for cell in row}
    for each in result().cases:
        if each.report.not_covered is not None:
            for rows in each.report.not_covered.failures.values():
                assert {row.found for row in rows} <= cells
        else:
            assert {f"{row.value:.6g}" for row in each.report.prediction.thresholds} <= cells
        assert {name.replace("_", "-") for name in each.report.metrics} <= cells


def test_json_is_complete(data):
    assert data["passed"] is True
    assert [entry["name"] for entry in data["cases"]] == [each.name for each in result().cases]
    for entry, each in zip(data["cases"], result().cases, strict=True):
        assert len(entry["report"]["rows"]) == len(each.report.rows)
        assert entry["report"]["certificate"]["objective"] == each.report.certificate.objective
        assert entry["solution"]["objective"] == each.solution.objective
        assert entry["problem"]["classes"] == list(each.problem.classes)
        assert (entry["prediction"] is None) == (each.report.prediction is None)
    assert data["curve"]["solved_cosine"] == curve().solved_cosine.tolist()
    assert data["curve"]["cosine"] == curve().cosine.tolist()
    assert data["cases"][-1]["solution"]["history"]["SNC3_max"] == [0.5, 0.2, 0.1, None]
    assert {"torch", "numpy", "platform", "date", "ufm-toolkit"} <= set(data["environment"])


def test_curve_is_captioned(page):
    caption = "".join(page.text)
    assert "w_1^1" not in caption  # typeset
    assert "N = 200" in caption
    assert "largest relative gap 3.0 · 10−12" in caption


def test_no_path_of_the_machine(folder):
    for name in ("report.html", "report.txt", "report.json"):
        assert str(folder) not in (folder / name).read_text(encoding="utf-8")


def test_failure_is_named_first(tmp_path):
    bad = JobResult((failing(case("balanced")),), curve(shift=0.1))
    page = Page(write_report(bad, tmp_path).read_text(encoding="utf-8"))
    assert "Failed: balanced, Figure 3(c) (of 1 case and Figure 3(c))" in page.text
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["passed"] is False


def test_nothing_checked_is_not_called_passed(tmp_path):
    text = Page(write_report(JobResult(()), tmp_path).read_text(encoding="utf-8")).text
    assert "Nothing was checked" in text
    assert not any("passed" in part.lower() for part in text)


def test_curve_alone_and_history_per_task(tmp_path):
    of = case("multi")
    parts = [falling(task.objective) for task in of.report.certificate.tasks]
    write_report(JobResult((as_gradient(of, parts),)), tmp_path / "a")
    assert (tmp_path / "a" / "figures" / "case-1-history.svg").is_file()
    assert "Figure 3(c), task correlation: passed" in (
        write_report(JobResult((), curve()), tmp_path / "b").parent / "report.txt"
    ).read_text(encoding="utf-8")


def test_an_earlier_report_is_replaced_and_nothing_else(tmp_path):
    write_report(JobResult((), curve()), tmp_path)
    for name in ("case-7-cosines.png", "my-curve.png"):
        (tmp_path / "figures" / name).write_bytes(b"earlier")
    write_report(JobResult(()), tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["my-curve.png"]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_file_in_the_way_is_named(tmp_path, below):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(NotADirectoryError, match="taken"):
        write_report(JobResult((), curve()), tmp_path / "taken" / below)
    assert (tmp_path / "taken").read_text() == "mine"


def everything(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_while_writing_leaves_the_earlier_report(tmp_path, monkeypatch, error):
    write_report(JobResult((), curve()), tmp_path)
    before = everything(tmp_path)
    real, written = Path.write_bytes, []

    def failing_write(path, content):
        written.append(path)
        if len(written) == 3:
            real(path, content[:10])
            raise error
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", failing_write)
    with pytest.raises(type(error)):
        write_report(JobResult((case("balanced"),), curve(shift=0.1)), tmp_path)
    assert everything(tmp_path) == before


def test_failure_while_renaming_leaves_whole_files_and_the_earlier_page(tmp_path, monkeypatch):
    write_report(JobResult((), curve()), tmp_path)
    before = everything(tmp_path)
    real, done = os.replace, []

    def failing_replace(source, target):
        done.append(target)
        if len(done) == 3:
            raise OSError("gone")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(OSError, match="gone"):
        write_report(JobResult((), curve(shift=0.1)), tmp_path)
    after = everything(tmp_path)
    assert set(after) == set(before)
    assert after["report.html"] == before["report.html"]


def test_failure_while_composing_writes_nothing(tmp_path, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no page")

    monkeypatch.setattr(write, "page", broken)
    with pytest.raises(RuntimeError, match="no page"):
        write_report(JobResult((), curve()), tmp_path)
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("library", ["matplotlib.figure", "jinja2"])
def test_a_missing_library_says_what_to_install(tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=re.escape("pip install 'ufm-toolkit[cli]'")):
        write_report(JobResult((), curve()), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_takes_no_file_is_refused(monkeypatch, tmp_path):
    def no_space(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writable.tempfile, "TemporaryFile", no_space)
    with pytest.raises(OSError, match=r"full.*No space left"):
        writable.open_folder(tmp_path / "full")
