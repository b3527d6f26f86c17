"""``ufm parameters``: what heads fixed at orthogonal simplex ETFs save (Table 3)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ufm.support.whole_file import write_whole
from ufm.support.writable import open_folder, require_file
from ufm_networks.backbones import BACKBONES
from ufm_networks.parameter_counts import parameters_saved
from verify.report.as_markdown import markdown_table
from verify.report.blocks import table

# of Table 3, images of 32 × 32 in colour
DATA_SETS = {
    "CIFAR100-Cross-10x10": (10, 10),
    "CIFAR10-Split-5x2": (5, 5),
    "CIFAR100-Split-5x20": (5,) * 20,
}


@dataclass(frozen=True)
class Parameters:
    """Parameters of every backbone with learned heads, and with heads fixed in dimension Σ K_t; as Markdown."""

    classes: tuple[int, ...] = ()
    """K_1 … K_T; the data sets of Table 3 unless given."""
    image_size: int = 32
    """Pixels a side."""
    channels: int = 3
    """Of an image."""
    width: int = 64
    """Channels of the first stage."""
    output: Path | None = None
    """A Markdown file to write the table to as well."""

    def run(self) -> int:
        """0."""
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
            Console().print(text, markup=False, highlight=False, soft_wrap=True)
        return 0
