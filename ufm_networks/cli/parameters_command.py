"""``ufm parameters``: what heads fixed at orthogonal simplex ETFs save (Table 3)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from verify.cli.page import Page

# of Table 3, images of 32 × 32 in colour
DATA_SETS = {
    "CIFAR100-Cross-10x10": (10, 10),
    "CIFAR10-Split-5x2": (5, 5),
    "CIFAR100-Split-5x20": (5,) * 20,
}


@dataclass(frozen=True)
class Parameters:
    """Parameters of every backbone with learned heads, and with heads fixed in dimension Σ K_t; as Markdown."""

    page: ClassVar[Page] = Page(
        takes="seconds",
        writes="nothing, unless --output names a file",
        status="0: done; 2: bad input",
        examples=(
            ("ufm parameters", "Table 3 of the paper."),
            ("ufm parameters --classes 10 10 --width 16", "Your own tasks and a narrower network."),
        ),
    )

    classes: tuple[int, ...] = ()
    """K_1 … K_T. Default: the data sets of Table 3."""
    image_size: int = 32
    """Pixels a side. Default: 32."""
    channels: int = 3
    """Channels of an image. Default: 3."""
    width: int = 64
    """Channels of the first stage. Default: 64."""
    output: Path | None = None
    """A Markdown file to write the table to as well. Default: it is printed only."""

    def run(self) -> int:
        """0."""
        from ufm.support.whole_file import write_whole
        from ufm.support.writable import open_folder, require_file
        from ufm_networks.backbones import BACKBONES
        from ufm_networks.parameter_counts import parameters_saved
        from verify.cli.terminal import Terminal
        from verify.report.as_markdown import markdown_table
        from verify.report.blocks import table

        terminal = Terminal(data=True)
        if self.output is not None:
            open_folder(self.output.parent, what="--output")
            require_file(self.output, "--output", "table-3.md")
        sets = {"×".join(map(str, self.classes)): self.classes} if self.classes else DATA_SETS
        rows = []
        for name, classes in sets.items():
            for backbone in BACKBONES:
                of = parameters_saved(
                    backbone, classes, in_channels=self.channels, image_size=self.image_size, width=self.width
                )
                rows.append((name, backbone, f"{of.learned:,}", f"{of.trained:,}", f"{100 * of.saved:.2f} %"))
        header = ("data", "backbone", "learned heads", "fixed heads, trained", "saved")
        text = markdown_table(table(header, rows, header[2:]))
        try:
            if self.output is not None:
                write_whole(self.output, text + "\n", what="--output")
        finally:
            print(text)  # Markdown, whatever the width of the terminal
        if self.output is not None:
            terminal.written("written", self.output)
        terminal.then("ufm reproduce table-3 trains both kinds of heads")
        return 0
