"""Subcommands of ``ufm`` that need networks or data."""

from __future__ import annotations

from typing import Any

from networks.cli.data_command import Data

COMMANDS: dict[str, Any] = {"data": Data}
