"""The extra "cli" is enough for the main job: no command of networks imports what only the extra "networks" has."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import forked

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from importlib.abc import MetaPathFinder
absent = set(sys.argv.pop().split(","))
class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import ufm_command
for command in ufm_command._commands().values():
    command.load()
"""
MODULES = {"python-flint": "flint", "pillow": "PIL", "tomli-w": "tomli_w"}


def test_commands_load_without_the_other_extras() -> None:
    extras: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {kind: {line.partition(">=")[0] for line in extras[kind]} for kind in extras}
    others = set().union(*(names[kind] for kind in ("networks", "convex", "falsify", "rigorous", "symbolic")))
    absent = {MODULES.get(name, name) for name in others - names["cli"]}
    assert "cvxpy" in absent
    forked.run(PROGRAM, ",".join(sorted(absent)))
