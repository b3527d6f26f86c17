"""The findings as a folder: page, text, numbers, figures, and counterexamples as files to replay."""

from __future__ import annotations

from pathlib import Path

from ufm.support.strict_json import as_json
from ufm.support.whole_file import write_together
from verify.falsification.storage import as_text
from verify.findings.run import TITLE, Findings
from verify.report.as_html import as_html
from verify.report.as_markdown import as_markdown
from verify.report.blocks import Page

FILES = ("findings.html", "findings.md", "findings.json", "figures/", "counterexamples/")


def write_findings(findings: Findings, folder: Path) -> Path:
    """Writes findings.html, findings.md, findings.json, figures/ and counterexamples/; returns the page's path.

    Everything is composed first and renamed into place, the page last; then counterexamples of an earlier page are
    removed if their searches found none this time.
    """
    page = Page(TITLE, findings.lead, tuple(findings.sections()), findings.told)
    files: dict[str, bytes | str] = {**page.figure_files}
    files["findings.json"] = as_json({**findings.to_dict(), "environment": page.environment})
    files["findings.md"] = as_markdown(page)
    files["findings.html"] = as_html(page)
    kept = {f"counterexamples/{item.file}": item.finding for item in (*findings.searched, *findings.losses)}
    found = {name: finding for name, finding in kept.items() if finding.counterexample is not None}
    write_together(folder, {name: as_text(vars(finding)) for name, finding in found.items()} | files)
    for name in kept.keys() - found.keys():
        (folder / name).unlink(missing_ok=True)
    return folder / "findings.html"
