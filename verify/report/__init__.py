"""Reports of the main job: a self-contained page, text, JSON and figures, and a summary for the terminal."""

from verify.report.terminal import print_summary
from verify.report.write import prepare_report, write_report

__all__ = ["prepare_report", "print_summary", "write_report"]
