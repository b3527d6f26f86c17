"""The files of a reproduced figure or table, and the overview of a folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from ufm.support.bounded_json import parse_json
from ufm.support.regular_file import require_regular
from ufm.support.strict_json import as_json
from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from ufm_networks.experiments import Experiment, FinishedRun, catalogue_order
from ufm_networks.measuring import measure_run
from ufm_networks.report import compare_run, prepare_networks_report, write_networks_report
from ufm_networks.reproduction.cosines import cosines_file, measure_cosines
from ufm_networks.reproduction.curves import curves_file
from ufm_networks.reproduction.decoding import measure_decoding
from ufm_networks.reproduction.gaps import compare_finished, measure_gaps
from ufm_networks.reproduction.summary import KEYS, summarize
from ufm_networks.reproduction.tables import history_csv, markdown
from verify.plot.style import require_matplotlib
from verify.report.figure_files import FigureFile

SUMMARY, OVERVIEW = "summary.json", "README.md"
FILES = ("metrics.csv", SUMMARY, "table.md", "figure.png", "figure.svg", "report/")
_INSTEAD = "remove it, or name another folder with --output"


def reproduce(experiment: Experiment, finished: Sequence[FinishedRun], output: str | Path, command: str) -> list[Path]:
    """Writes OUTPUT/NAME/: metrics.csv, summary.json, table.md and, of curves and cosines, figure.png and
    figure.svg.

    kind "report" writes the report of ``ufm measure`` beside them. command is what repeats it.
    Returns the files.
    """
    require_matplotlib()
    folder = open_folder(Path(output) / experiment.name, *FILES)
    summary = summarize(experiment, finished) | {"command": command}
    drawn: FigureFile | None = None
    beside_models = experiment.figure.kind == "cosine" or experiment.figure.gaps
    compared = compare_finished(finished) if beside_models else {}
    match experiment.figure.kind:
        case "curves":
            drawn = curves_file(experiment, finished)
        case "cosine":
            summary["cosines"] = measure_cosines(experiment, finished, compared)
            drawn = cosines_file(experiment, summary["cosines"])
        case "decoding":
            summary["decoding"] = measure_decoding(experiment, finished)
        case "table" | "report":  # its numbers are in the summary, its page is written below
            pass
        case unknown:
            assert_never(unknown)
    if experiment.figure.gaps:
        summary["gaps"] = measure_gaps(experiment, finished, compared)
    metrics = list(dict.fromkeys(name for row in summary["rows"] for name in row["metrics"]))
    contents: dict[str, bytes | str] = {"metrics.csv": history_csv(finished, metrics)}
    if drawn is not None:
        summary["caption"] = drawn.caption
        contents |= {"figure.png": drawn.png, "figure.svg": drawn.svg}
    contents |= {
        "table.md": markdown(summary) + "\n",
        SUMMARY: as_json(summary),
    }
    write_together(folder, contents)
    if drawn is None:  # what an earlier kind of this file had drawn
        for name in ("figure.png", "figure.svg"):
            (folder / name).unlink(missing_ok=True)
    written = [folder / name for name in contents]
    if experiment.figure.kind == "report":
        written += _reports(finished, folder)
    return written


def write_overview(output: str | Path) -> Path:
    """OUTPUT/README.md: the tables and figures of all folders in it, from their summaries."""
    place = Path(output)
    sections = ["# Reproduced figures and tables\n\nWritten by `ufm reproduce`; every section names its command.\n"]
    for path, summary in summaries(place):
        seeds = ", ".join(map(str, summary["seeds"]))
        lines = [f"## {summary['title']}\n", f"`{summary['command']}`; seeds {seeds}.", _legend(summary), ""]
        lines.append(markdown(summary))
        if "caption" in summary and (path.parent / "figure.png").exists():
            lines.append(f"\n![{summary['caption']}]({path.parent.name}/figure.png)\n\n{summary['caption']}")
        for page in sorted(path.parent.glob("report/*.html") if summary["kind"] == "report" else []):
            lines.append(f"\n[The runs beside the unconstrained feature model]({page.relative_to(place).as_posix()})")
        sections.append("\n".join(lines) + "\n")
    write_together(place, {OVERVIEW: "\n".join(sections)})
    return place / OVERVIEW


def summaries(output: str | Path) -> list[tuple[Path, dict[str, Any]]]:
    """The summaries in the folders of OUTPUT, in the catalogue's order.

    ValueError, naming the file, where one is damaged.
    """
    found = []
    for path in sorted(Path(output).glob(f"*/{SUMMARY}"), key=lambda path: catalogue_order(path.parent.name)):
        try:
            require_regular("summary", path)
            summary = parse_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"summary {str(path)!r} is damaged ({error}); {_INSTEAD}") from None
        if not isinstance(summary, dict) or not {*KEYS, "command"} <= set(summary):
            raise ValueError(f"summary {str(path)!r} is none of ufm reproduce; {_INSTEAD}")
        found.append((path, summary))
    return found


def _legend(summary: dict[str, Any]) -> str:
    text = "" if len(summary["seeds"]) == 1 else "Means ± standard deviation over seeds. "
    text += "Seconds: training time, without measuring."
    if any("first" in of for row in summary["rows"] for of in row["metrics"].values()):
        text += " Metrics: after epoch 1 → at the end (÷ the smallest ratio of the two among the seeds)."
    return text


def _reports(finished: Sequence[FinishedRun], folder: Path) -> list[Path]:
    target = folder / "report"
    prepare_networks_report(target)
    names = [", ".join(part for part in (of.plan.panel, of.plan.run) if part) for of in finished]
    if len({of.plan.seed for of in finished}) > 1:
        names = [f"{name}, seed {of.plan.seed}" for name, of in zip(names, finished, strict=True)]
    compared = [compare_run(measure_run(of.run, device=of.device)) for of in finished]
    return [write_networks_report(compared, target, names)]
