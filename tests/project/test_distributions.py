"""What pip installs, and what is published as source, hold what they need."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from setuptools import build_meta as b; to = sys.argv[1]; b.build_wheel(to); b.build_sdist(to)"
LIST = "import sys; sys.argv[1:] = ['reproduce', '--list']; import ufm_command; ufm_command.main()"


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=600, **options
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Of a copy: building leaves files behind."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git repository")
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    python("-c", BUILD, target, cwd=source)
    return names, target


def experiments(names):
    return {name.partition("experiments/")[2] for name in names if name.startswith("experiments/")}


def test_a_wheel_finds_its_experiments_outside_the_repository(built, tmp_path):
    names, target = built
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    listed = python("-P", "-c", LIST, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "installed"), "COLUMNS": "200"})
    assert len(listed.stdout.splitlines()) == len(experiments(names)) > 100


def checked(source, target):
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "distributions.py", source, target],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_both_hold_every_file_that_they_should_and_no_other(built, tmp_path):
    names, target = built
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    done = checked(tmp_path, target)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    (tmp_path / "ufm" / "py.typed").unlink()
    (tmp_path / "verify" / "forgotten.css").touch()
    done = checked(tmp_path, target)
    assert done.returncode == 1
    for wrong in ("holds ufm/py.typed", "lacks verify/forgotten.css"):
        assert re.findall(rf"^ufm_toolkit-.+\.(tar\.gz|whl) {wrong}$", done.stdout, re.MULTILINE) == ["tar.gz", "whl"]
