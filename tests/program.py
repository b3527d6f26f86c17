"""The program ``ufm``, run in the test's own process."""

from __future__ import annotations

import sys

import pytest

from ufm_command import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of ``ufm ARGUMENTS``."""
    monkeypatch.setattr(sys, "argv", ["ufm", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)
