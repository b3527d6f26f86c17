"""The main job: every theorem stated, solved, certified and compared, and its report."""

from verify.main_job.terminal import print_summary
from verify.main_job.write import prepare_report, write_report

__all__ = ["prepare_report", "print_summary", "write_report"]
