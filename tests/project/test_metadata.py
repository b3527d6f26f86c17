"""What the project says of itself in several files agrees."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path

import yaml

import ufm

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
TOOLS = ("dev", "docs", "mutation", "test")  # of those who work on the project
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_changelog_has_what_is_unreleased_then_this_version_with_its_date():
    first, *releases = HEADING.findall(read("CHANGELOG.md"))
    assert first == "Unreleased"
    versions, dates = zip(*(release.split(" - ") for release in releases), strict=True)
    assert versions[0] == PROJECT["version"]
    days = [datetime.date.fromisoformat(date) for date in dates]
    assert days == sorted(days, reverse=True)


def test_the_citation_is_of_this_version_and_of_its_date():
    citation, release = yaml.safe_load(read("CITATION.cff")), HEADING.findall(read("CHANGELOG.md"))[1]
    assert f"{citation['version']} - {citation['date-released']}" == release
    assert citation["license"] == PROJECT["license"]
    assert citation["references"][0]["url"] == PROJECT["urls"]["Paper"]


def test_the_version_is_that_of_the_metadata():
    assert ufm.__version__.partition("+")[0] == PROJECT["version"]


def test_the_lowest_constraints_are_the_least_versions_of_the_metadata():
    named = [PROJECT["dependencies"], *(names for extra, names in EXTRAS.items() if extra not in TOOLS)]
    least = {name.replace(">=", "==") for names in named for name in names if not name.startswith("ufm-toolkit[")}
    assert {line for line in read("constraints-lowest.txt").splitlines() if not line.startswith("#")} == least


def test_pinned_versions_are_allowed_by_the_metadata():
    from packaging.requirements import Requirement

    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", read("constraints.txt"), re.MULTILINE))
    stated = [Requirement(name) for names in (PROJECT["dependencies"], *EXTRAS.values()) for name in names]
    for requirement in stated:
        if requirement.name != "ufm-toolkit":
            assert requirement.specifier.contains(pinned[requirement.name]), requirement


def test_the_hosted_workflow_runs_every_python_of_the_metadata_with_commands_that_are_documented():
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    pythons = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    versions = workflow["jobs"]["versions"]
    assert versions["strategy"]["matrix"]["python"] == pythons
    assert pythons[0] == PROJECT["requires-python"].removeprefix(">=")
    documented = read("README.md") + read("CONTRIBUTING.md")
    for job in workflow["jobs"].values():
        commands = [step["run"] for step in job["steps"] if "run" in step]
        assert commands
        for command in commands:
            assert command in documented


def test_hooks_are_checks_of_ci_and_download_nothing():
    configuration = yaml.safe_load(read(".pre-commit-config.yaml"))
    [repository] = configuration["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].removesuffix(" --force-exclude") in read(".ci/run")
