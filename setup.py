"""The experiments, which lie at the top of the repository, go into the package that trains them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

EXPERIMENTS = next(Path().glob("*/experiments/_catalogue.py")).parent / "files"


class BuildWithExperiments(build_py):
    """An editable installation finds them where they lie."""

    def run(self) -> None:
        """Builds, then copies."""
        super().run()
        if not self.editable_mode:
            shutil.copytree("experiments", Path(self.build_lib, EXPERIMENTS), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithExperiments})
