"""Images as panels draw them: lists ask for small ones, whole ones travel as they are stored."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image


def read_png(path: Path, width: int | None) -> bytes:
    """Return a PNG file, no wider than that many pixels if a width is given; a small image is returned as it is.

    Each pixel of a thumbnail is the mean of the area that it covers, so that thin strokes stay visible.
    """
    if width is None:
        return path.read_bytes()
    with Image.open(path) as image:
        if image.width <= width:
            return path.read_bytes()
        size = (width, max(1, round(image.height * width / image.width)))
        small, file = image.convert("RGB").resize(size, Image.Resampling.BOX), BytesIO()
    small.save(file, format="PNG")
    return file.getvalue()
