"""The page of an edit: the images of every method side by side, and the table of their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from workbench.edit.job import GIVEN
from workbench.edit.result import EditResult
from workbench.edit.scores import EditedImage, MethodScore
from workbench.edit.settings import METHODS
from workbench.files import write_whole
from workbench.localize.pairs import Pair
from workbench.localize.scores import DRAWS
from workbench.report.grid import LARGEST, Tile, TileRow
from workbench.report.render import placed, render
from workbench.report.tables import Row, Table
from workbench.report.wording import interval, number, plural
from workbench.runs.images import inside, read_image

ROWS: Final = 12
LABELS: Final = {
    "source": "source",
    "found": "found sites",
    "all_sites": "all sites",
    "regenerate": "regenerated",
    "p2p": "Prompt-to-Prompt",
}


def write_page(result: EditResult) -> Path:
    """Write `edit.html` into the run's folder: self-contained, without scripts, in a light and a dark theme.

    Args:
        result: the edit; its `folder` must be where the run lies now.

    Returns:
        The path of the page.
    """
    settings = result.settings
    page = Path(result.folder) / "edit.html"
    rows = _rows(result)
    html = render(
        "workbench.edit",
        "edit.html.jinja",
        result=result,
        settings=settings,
        finding=finding(result),
        pairs=plural(len(settings.pairs), "prompt pair"),
        seeds=plural(len(settings.seeds), "noise"),
        several=len(settings.pairs) > 1,
        draws=DRAWS,
        rows=[{"row": row, **placed(row.tiles, LARGEST)} for row in rows],
        left_out=len(settings.pairs) * len(settings.seeds) - len(rows),
        labels=LABELS,
        methods=METHODS,
        table=method_table(result),
        config=json.dumps(result.config, indent=1, ensure_ascii=False),
    )
    write_whole(page, html)
    return page


def finding(result: EditResult) -> str:
    """Return what the edit did, in a few sentences."""
    found, plain, source = (result.score(method) for method in ("found", "regenerate", "source"))
    reference = "the given image" if result.settings.image else "the source image"
    text = (
        f"Patching {plural(len(result.found), 'site')} makes {_share(found)} read exactly as the target text, with a "
        f"drift outside the text of {number(found.outside_text, 3)} against {reference}; plain generation with the "
        f"target prompt: {_share(plain)}, drift {number(plain.outside_text, 3)}."
    )
    if not result.settings.image:
        return text
    return (
        f"{text} The inversion alone, without an edit, reconstructs the image with an SSIM of {number(source.ssim)} "
        f"and a PSNR of {number(source.psnr, 1)} dB."
    )


def _share(score: MethodScore) -> str:
    return f"{round(score.word_accuracy * score.images)} of {plural(score.images, 'image')}"


def method_table(result: EditResult) -> Table:
    """One line per method, with intervals where there are several pairs."""
    head: tuple[str, ...] = ("Method", "Images", "F1 to target", "F1 to source", "Word accuracy", "SSIM", "PSNR, dB")
    head += ("Drift outside the text", "Seconds an image", "Denoiser rows an image")
    digits = {"target_f1": 2, "source_f1": 2, "word_accuracy": 2, "ssim": 3, "psnr": 1, "outside_text": 3}
    rows = []
    for score in result.scores:
        figures = [
            number(getattr(score, name), places)
            + (f" ({interval(score.ci[name], places)})" if name in score.ci else "")
            for name, places in digits.items()
        ]
        cost = (number(score.seconds), number(score.denoiser_rows, 0))
        rows.append(Row((LABELS[score.method], str(score.images), *figures, *cost), score.method == "found"))
    reference = "the given image" if result.settings.image else "the unedited source image"
    note = (
        f"SSIM, PSNR and drift compare with {reference}. SSIM and PSNR of the whole image fall with every letter that "
        "changes, so the drift outside the text, 1 − SSIM there, says what else moved. Seconds and denoiser rows are "
        "those of one image if the method is run alone, as the share that its rows have in the batch"
        + (", inversion included." if result.settings.image else ".")
    )
    return Table("Methods", head, tuple(rows), note)


def _rows(result: EditResult) -> list[TileRow]:
    """Return the first pairs and seeds with the images of all methods."""
    places = {(image.pair, image.seed): None for image in sorted(result.images, key=lambda item: item.seed)}
    return [_row(result, pair, seed) for pair, seed in sorted(list(places)[:ROWS])]


def _row(result: EditResult, pair: int, seed: int) -> TileRow:
    prompts = result.settings.pairs[pair]
    by_method = {image.method: image for image in result.images if (image.pair, image.seed) == (pair, seed)}
    tiles = [_tile(result, prompts, by_method[method]) for method in METHODS if method in by_method]
    if result.settings.image:
        given = read_image(Path(result.folder) / GIVEN)
        tiles.insert(0, Tile("given", "", "", f"the given image: {prompts.source}", given))
    return TileRow(prompts, pair, seed, tuple(tiles))


def _tile(result: EditResult, pair: Pair, image: EditedImage) -> Tile:
    text = image.text.strip()
    reads = "target" if image.exact else "source" if text.lower() == pair.source_text.strip().lower() else ""
    prompt = pair.target if image.method in ("regenerate", "p2p") else pair.source
    label = "reconstructed" if result.settings.image and image.method == "source" else LABELS[image.method]
    alt = f"{prompt}, {label}, seed {image.seed}; reads {text or 'nothing'}"
    return Tile(label, text, reads, alt, read_image(inside(Path(result.folder) / "images", image.file)))
