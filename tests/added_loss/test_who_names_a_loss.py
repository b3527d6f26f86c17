"""Code names a loss in its own files and the registries; elsewhere only where it is about that loss, listed here."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = {"binary-cross-entropy", "squared-error"}
REGISTRIES = {"ufm/losses/__init__.py", "verify/losses/__init__.py"}
ABOUT_ONE_LOSS = {
    "theory/balls/in_balls.py",
    "theory/derivations/binary_cross_entropy.py",
    "theory/derivations/catalogue.py",
    "theory/derivations/squared_error.py",
    "theory/margins/class_correlation.py",
    "theory/theorems/binary_cross_entropy.py",
    "theory/theorems/independent_labels.py",
    "theory/theorems/squared_error.py",
    "ufm/problems/regression.py",
    "verify/cli/figure_command.py",  # whose curves are those of theory/margins/class_correlation.py
    "verify/main_job/problems_of_other_losses.py",
}


def strings(path):
    """String constants, docstrings and messages aside: a name is a whole string."""
    return {n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)}


def test_only_those_that_are_about_it():
    packages = ("ufm", "verify", "theory", "ufm_networks")
    files = [ROOT / "ufm_command.py", *(path for package in packages for path in ROOT.glob(f"{package}/**/*.py"))]
    named = {path.relative_to(ROOT).as_posix() for path in files if strings(path) & NAMES}
    assert named >= REGISTRIES
    assert named - REGISTRIES - ABOUT_ONE_LOSS == set()
