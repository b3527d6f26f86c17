"""docs/stability.md lists what is public, and the code has just that."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([\w.]+)`\n\n(.+?)\n\n", PAGE, re.MULTILINE | re.DOTALL))
CLASSES = re.findall(r"^\| `((?:ufm|theory|verify)\.\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
ELSEWHERE = re.findall(r"`ufm_networks\.(\w+)`", PAGE)


def listed(text: str) -> list[str]:
    """Names in backquotes, but for those of extras."""
    return re.findall(r"(?<!extra )(?<!needs )`(\w+)`", text)


def test_every_package_has_its_section():
    modules = {"theory.derivations", "verify.claims", "verify.plot", "verify.strategies"}
    assert set(SECTIONS) == {"ufm", "theory", "verify", "ufm_networks"} | modules


@pytest.mark.parametrize("package", SECTIONS)
def test_a_package_s_public_names_are_those_of_the_page_and_exist(package):
    module, names = import_module(package), listed(SECTIONS[package])
    assert sorted(module.__all__) == sorted(names)
    for name in names:
        assert getattr(module, name) is not None


def test_names_that_need_an_extra_exist():
    assert ELSEWHERE == ["Collapse", "CollapseCallback"]
    networks = import_module("ufm_networks")
    for name in ELSEWHERE:
        assert callable(getattr(networks, name))


@pytest.mark.parametrize(("path", "text"), CLASSES)
def test_attributes_that_are_promised_exist(path, text):
    package, name = path.split(".")
    promised = getattr(import_module(package), name)
    fields = {field for base in promised.__mro__ for field in vars(base).get("__annotations__", {})}
    assert set(listed(text)) <= fields | set(dir(promised))


def test_formats_of_files_are_those_that_the_code_writes():
    sources = (path for package in ("ufm", "verify", "ufm_networks") for path in (ROOT / package).rglob("*.py"))
    written = [
        name
        for path in sources
        for name in re.findall(r'^(?:\w+_)?FORMAT = "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    section = PAGE.partition("## Formats of files")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)) == sorted(written)
