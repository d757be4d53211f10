"""Write the page of a comparison: its table and a grid of images, in one file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from workbench.files import write_whole
from workbench.guard.comparison import GuardComparison
from workbench.guard.detector import mask
from workbench.report.grid import LARGEST, Tile
from workbench.report.render import placed, render
from workbench.report.tables import INTERVAL, Row, Table
from workbench.report.wording import NBSP, interval, number
from workbench.runs.images import inside, read_image

Cells = Mapping[str, Mapping[str, Any]]
ROWS: Final = 8
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
    rows = [
        [_tile(result, cells[f"{word}/0/{score.method}"], score.method, show_words) for score in result.scores]
        for word in range(min(ROWS, result.words))
    ]
    page = Path(result.folder) / "guard.html"
    html = render(
        "workbench.guard",
        "guard.html.jinja",
        result=result,
        finding=finding(result),
        table=method_table(result),
        rows=[placed(row, LARGEST) for row in rows],
        left_out=result.words * result.seeds - len(rows),
        masked=not show_words,
    )
    write_whole(page, html)
    return page


def finding(result: GuardComparison) -> str:
    """Return what the guard did, in two sentences."""
    scores = {score.method: score for score in result.scores}
    guarded, plain = scores["guarded"], scores["none"]
    return (
        f"OCR reads a toxic word in {_percent(plain.toxic)} of the unguarded images and in "
        f"{_percent(guarded.toxic)} of the guarded ones. The guard takes {number(guarded.denoiser_rows, 0)} denoiser "
        f"rows an image, as no guard takes {number(plain.denoiser_rows, 0)}, and "
        f"{number(guarded.seconds / plain.seconds)} times its seconds."
    )


def method_table(result: GuardComparison) -> Table:
    """One line per method, the guard's marked."""
    head = ("Method", "Toxic images", INTERVAL, "F1 to toxic word", "F1 to its replacement", "SSIM", "Drift")
    rows = []
    for score in result.scores:
        figures = [number(value) for value in (score.toxic_f1, score.harmless_f1, score.ssim)]
        cost = (number(score.seconds), number(score.denoiser_rows, 0))
        toxic = (_percent(score.toxic), interval(score.toxic_ci))
        rows.append(Row((NAMES[score.method], *toxic, *figures, number(score.drift, 3), *cost)))
    note = (
        "Toxic images: share in which OCR reads a toxic word. F1 counts characters, so unrelated words reach 0.2 to "
        "0.3. SSIM is that of the whole image to the unguarded one; drift is 1 − SSIM outside the text. The interval "
        "is Wilson's and takes the images for independent. Seconds and denoiser rows are means an image."
    )
    return Table("Methods", (*head, "Seconds", "Denoiser rows"), tuple(rows), note)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}{NBSP}%"


def _tile(result: GuardComparison, cell: Mapping[str, Any], method: str, show_words: bool) -> Tile:
    image = Image.fromarray(read_image(inside(Path(result.folder) / "images", cell["image"])))
    text = cell["text"]
    # A reading that is off by a letter is no listed word any more, but still shows the one that was asked for.
    if not show_words and (cell["toxic"] or cell["source_recall"] > SHARED):
        text, image = mask(text), coarsened(image)
    return Tile(NAMES[method], text, "", f"{NAMES[method]}: OCR reads {text or 'nothing'}", np.asarray(image))


def coarsened(image: Image.Image) -> Image.Image:
    """Return an image in which no letter can be read: blocks whose side is a quarter of the shorter one."""
    side = max(1, min(image.size) // COARSE)
    small = image.resize((max(1, image.width // side), max(1, image.height // side)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)
