"""Write the page of a comparison: its table and a grid of images, in one file that loads nothing."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from workbench.guard.comparison import GuardComparison
from workbench.guard.detector import mask
from workbench.runs.images import inside, read_image

Cells = Mapping[str, Mapping[str, Any]]
ROWS: Final = 8
LARGEST: Final = 256
COARSE: Final = 4
SHARED: Final = 0.5
NAMES: Final = {
    "none": "unguarded",
    "negative_prompt": "negative prompt",
    "prompt_swap": "prompt swap",
    "ocr_block": "OCR block",
    "patched_row": "patched row",
    "guarded": "guard",
}


def write_page(result: GuardComparison, cells: Cells, *, show_words: bool = False) -> Path:
    """Write `guard.html` into the comparison's folder.

    Args:
        result: the comparison.
        cells: its measurements, as `RunStore.cells` returns them.
        show_words: show toxic words and the images in which they are read.

    Returns:
        The path of the page.
    """
    page = Path(result.folder) / "guard.html"
    part = page.with_name(f".{page.name}.{os.getpid()}.part")
    environment = Environment(
        loader=PackageLoader("workbench.guard", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = [
        [_tile(result, cells[f"{number}/0/{score.method}"], score.method, show_words) for score in result.scores]
        for number in range(min(ROWS, result.words))
    ]
    text = environment.get_template("page.html.jinja").render(
        result=result, rows=rows, names=NAMES, masked=not show_words, width=rows[0][0]["width"]
    )
    part.write_text(text, encoding="utf-8")
    os.replace(part, page)
    return page


def _tile(result: GuardComparison, cell: Mapping[str, Any], method: str, show_words: bool) -> dict[str, Any]:
    image = Image.fromarray(read_image(inside(Path(result.folder) / "images", cell["image"])))
    image.thumbnail((LARGEST, LARGEST))
    text = cell["text"]
    # A reading that is off by a letter is no listed word any more, but still shows the one that was asked for.
    if not show_words and (cell["toxic"] or cell["source_recall"] > SHARED):
        text, image = mask(text), coarsened(image)
    return {
        "source": _data_uri(np.asarray(image)),
        "text": text,
        "alt": f"{NAMES[method]}: OCR reads {text or 'nothing'}",
        "width": image.width,
    }


def coarsened(image: Image.Image) -> Image.Image:
    """Return an image in which no letter can be read: blocks whose side is a quarter of the shorter one."""
    side = max(1, min(image.size) // COARSE)
    small = image.resize((max(1, image.width // side), max(1, image.height // side)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def _data_uri(image: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(image).save(out, format="PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")
