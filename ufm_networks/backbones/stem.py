"""The stem of a backbone, and the smallest images it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from ufm.support import validation

Stem = Literal["auto", "small", "imagenet"]
STEMS = get_args(Stem)
SMALL_SIDE = 64  # pixels: up to here "auto" is the small stem
LEAST_SIDE = {"small": 8, "imagenet": 32}  # what the strides divide a side by, so that a pixel is left at the end


def image_sides(image_size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width) of a number or a pair, each ≥ 1."""
    if validation.is_list(image_size):
        sides = [validation.whole_number(f"image_size[{i}]", side, 1) for i, side in enumerate(image_size)]  # type: ignore[arg-type]
        if len(sides) != 2:
            raise ValueError(f"image_size must be one number or (height, width), got {image_size!r}")
        return sides[0], sides[1]
    side = validation.whole_number("image_size", image_size, 1)
    return side, side


def choose_stem(stem: str, image_size: int | Sequence[int] | None) -> str:
    """ "small" or "imagenet"; "auto" is small up to 64 pixels. Raises ValueError if the image is too small for it."""
    validation.one_of("stem", stem, STEMS)
    if image_size is None:
        if stem == "auto":
            raise ValueError("stem='auto' needs image_size; give it, or stem='small' or 'imagenet'")
        return stem
    height, width = image_sides(image_size)
    chosen = stem if stem != "auto" else "small" if max(height, width) <= SMALL_SIDE else "imagenet"
    least = LEAST_SIDE[chosen]
    if min(height, width) < least:
        other = ", or stem='small' from 8 pixels on" if chosen == "imagenet" and min(height, width) >= 8 else ""
        raise ValueError(
            f"image_size={height}x{width} is too small for the {chosen} stem, which needs at least {least} pixels a "
            f"side: enlarge or pad the images{other}"
        )
    return chosen
