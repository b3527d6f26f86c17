"""Pages that the program writes itself, while the site is built: the command line's help, and what reproduces a figure.

{command-help}        what every ``ufm COMMAND --help`` prints
{reproduction-table}  figure or table, its command, and whether results are kept in docs/results/
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective

RESULTS = Path(__file__).resolve().parents[1] / "results"


def printed_help(command: str) -> str:
    """What ``ufm COMMAND --help`` prints on a terminal of 88 columns."""
    environment = os.environ | {"COLUMNS": "88", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    words = [sys.executable, "-m", "ufm", *command.split(), "--help"]
    done = subprocess.run(words, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    if done.returncode or "usage" not in done.stdout.lower():
        raise SphinxError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


class CommandHelp(SphinxDirective):
    """A section for every command, with its help word for word."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        from ufm_command import _commands

        names = ["", *_commands()]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            helps = list(pool.map(printed_help, names))
        sections: list[nodes.Node] = []
        for name, text in zip(names, helps, strict=True):
            title = f"ufm {name}".strip()
            section = nodes.section(ids=[title.replace(" ", "-")], names=[title])
            section += nodes.title(text=title)
            section += nodes.literal_block(text, text, language="text")
            sections.append(section)
        return sections


class ReproductionTable(SphinxDirective):
    """A row for every figure and table: the command, its twins that need no download, and what is kept of them here."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        from ufm_networks.experiments import catalogue, read_experiment

        rows: dict[str, dict[str, str]] = {}
        for entry in catalogue(None):
            row = rows.setdefault(entry.name, {})
            row[entry.source] = read_experiment(entry.path).figure.title
        lines = ["| figure or table | on the paper's data | twin without a download | kept here |", "|---|---|---|---|"]
        for name, titles in rows.items():
            title = titles.get("") or titles.get("digits") or titles["mnist-5000"]
            paper = f"`ufm reproduce {name}`" if "" in titles else ""
            twins = [
                f"`ufm reproduce {name} --source {source}`" for source in ("digits", "mnist-5000") if source in titles
            ]
            lines.append(f"| {title.split('; twin')[0]} | {paper} | {', '.join(twins)} | {_kept(name)} |")
        container = nodes.container(classes=["long-table"])
        self.state.nested_parse(lines, self.content_offset, container)
        return [container]


def _kept(name: str) -> str:
    kept = []
    if (RESULTS / name).is_dir():
        kept.append("[digits](results/README.md)")
    if (RESULTS / "mnist-5000" / name).is_dir():
        kept.append("[MNIST](results/mnist-5000/README.md)")
    return ", ".join(kept) or "not run"


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the directives."""
    app.add_directive("command-help", CommandHelp)
    app.add_directive("reproduction-table", ReproductionTable)
    return {"parallel_read_safe": True}
