"""The findings page: tests of claims, laws compared with proven enclosures, limits, curves and landscapes."""

from verify.findings.run import Findings, FindingsInterrupted, run_findings
from verify.findings.write import FILES, write_findings

__all__ = ["FILES", "Findings", "FindingsInterrupted", "run_findings", "write_findings"]
