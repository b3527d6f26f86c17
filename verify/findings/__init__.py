"""The findings page: claims put to the test, laws against proven enclosures, limits, curves and landscapes."""

from verify.findings.run import Findings, run_findings
from verify.findings.write import write_findings

__all__ = ["Findings", "run_findings", "write_findings"]
