"""Draws README's first figure, docs/figures/first.png, from two parts of the main job's report."""

import io
from pathlib import Path

from PIL import Image

import ufm
from verify.comparison.cosine_curve import cosine_curve
from verify.comparison.curve_figure import curve_figure
from verify.main_job.case import run_case
from verify.main_job.cosine_figure import cosine_figure
from verify.main_job.problems import SMALL


def main() -> None:
    """Cosines of the heads beside the cosine curve, at one height."""
    case = run_case("Theorem B.2", ufm.SingleSource.balanced((3, 4), 10, task_weights=(1.5, 1), **SMALL))
    images = []
    for figure in (cosine_figure(case), curve_figure(cosine_curve())):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150)
        images.append(Image.open(buffer, formats=("PNG",)).convert("RGB"))
    height = min(image.height for image in images)
    resized = [image.resize((image.width * height // image.height, height)) for image in images]
    whole = Image.new("RGB", (sum(image.width for image in resized) + 20, height), "white")
    whole.paste(resized[0], (0, 0))
    whole.paste(resized[1], (resized[0].width + 20, 0))
    whole.save(Path(__file__).with_name("first.png"), optimize=True)


if __name__ == "__main__":
    main()
