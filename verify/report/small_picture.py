"""A PNG of few colours as a palette and a number a pixel: the same picture in a third of the bytes."""

from __future__ import annotations

import base64
import io

import numpy as np

START = "data:image/png;base64,"
MOST = 256  # colours of a palette


def small_picture(address: str) -> str:
    """The ``data:`` address of a PNG, with a palette where its colours fit one and nothing shines through.

    No pixel changes; any other address comes back as it is.
    """
    address = "".join(address.split())
    if not address.startswith(START):
        return address
    from PIL import Image  # matplotlib's own

    with Image.open(io.BytesIO(base64.b64decode(address.removeprefix(START)))) as picture:
        pixels = np.asarray(picture.convert("RGBA"))
    if (pixels[..., 3] != 255).any():
        return address
    packed = pixels[..., :3].astype(np.int64) @ (1 << 16, 1 << 8, 1)
    colours, numbers = np.unique(packed, return_inverse=True)
    if len(colours) > MOST:
        return address
    small = Image.fromarray(numbers.reshape(packed.shape).astype(np.uint8))
    small.putpalette([int(c) >> shift & 255 for c in colours for shift in (16, 8, 0)])
    written = io.BytesIO()
    small.save(written, "png", optimize=True)
    return min(address, START + base64.b64encode(written.getvalue()).decode(), key=len)
