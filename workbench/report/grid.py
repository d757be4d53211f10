"""Grids of images: which arms and pairs are shown, as tiles for the page and as one figure for print."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from PIL import Image

from workbench.localize.pairs import Pair
from workbench.localize.result import Localization
from workbench.report.drawing import WIDTH, blank
from workbench.report.figures import by_index
from workbench.report.finding import is_small
from workbench.report.palette import LIGHT, Palette
from workbench.report.wording import site_label
from workbench.runs.images import inside, read_image

ROWS: Final = 6
STRONGEST: Final = 6
EVERY_SITE_PAIRS: Final = 3
SMALL_SIDE: Final = 128
LARGEST: Final = 256
HEADER: Final = 0.26
FOOTER: Final = 0.14
MARKS: Final = {"target": "✓", "source": "=", "": ""}

Cells = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Tile:
    """One picture of the grid.

    Args:
        label: which arm it shows.
        text: what OCR read.
        reads: `target` or `source` where the text equals one of them, else empty.
        alt: prompt, what was patched, seed and what OCR read, in words.
        image: uint8 RGB [height, width, 3], its longer side at most 256, or None where the file is missing.
    """

    label: str
    text: str
    reads: str
    alt: str
    image: np.ndarray | None


@dataclass(frozen=True)
class TileRow:
    """The pictures of one pair and seed; they share one noise."""

    pair: Pair
    number: int
    seed: int
    tiles: tuple[Tile, ...]


def arms_shown(result: Localization) -> dict[str, str]:
    """Return arm keys with labels: source, target, all, found set, complement, a random set, strongest sites."""
    arms = {"source": "source", "target": "target", result.all_sites.arm: "all sites"}
    if is_small(result):
        arms[result.found.score.arm] = f"found set: {site_label(result.found.indices)}"
    if result.found.complement is not None:
        arms.setdefault(result.found.complement.arm, "all but found")
    for score in result.random_sets[:1]:
        arms.setdefault(score.arm, f"random: {site_label(score.sites)}")
    for site in result.ranking.sites[:STRONGEST]:
        arms.setdefault(site.score.arm, f"site {site.index}")
    return arms


def main_rows(result: Localization, cells: Cells) -> list[TileRow]:
    """Return up to six pairs and seeds, different pairs first, with the arms of `arms_shown`."""
    settings = result.config["settings"]
    places = [(pair, seed) for seed in settings["seeds"] for pair in range(len(settings["pairs"]))]
    return [_row(result, cells, pair, seed, arms_shown(result)) for pair, seed in sorted(places[:ROWS])]


def every_site_rows(result: Localization, cells: Cells) -> list[TileRow]:
    """Return every site alone, in the order of execution, for the first three pairs and the first seed."""
    settings = result.config["settings"]
    arms = {site.score.arm: f"site {site.index}" for site in by_index(result)}
    pairs = range(min(EVERY_SITE_PAIRS, len(settings["pairs"])))
    return [_row(result, cells, pair, settings["seeds"][0], arms) for pair in pairs]


def data_uri(image: np.ndarray, largest: int) -> str:
    """Return an image as a data URI: small ones lossless, larger ones scaled down and compressed."""
    picture, out = Image.fromarray(image), io.BytesIO()
    if max(picture.size) <= SMALL_SIDE:
        picture.save(out, format="PNG", optimize=True)
        kind = "png"
    else:
        picture.thumbnail((largest, largest), Image.Resampling.BOX)
        picture.save(out, format="WEBP", quality=80)
        kind = "webp"
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def shown_size(image: np.ndarray, largest: int) -> tuple[int, int]:
    """Return width and height on the page: small images twice enlarged, large ones fitted into `largest`."""
    height, width = image.shape[:2]
    factor = 2.0 if max(height, width) <= SMALL_SIDE else min(1.0, largest / max(height, width))
    return round(width * factor), round(height * factor)


def images_figure(rows: Sequence[TileRow], palette: Palette = LIGHT) -> Figure:
    """Draw rows of pictures with what OCR read under each; all arms of a row side by side."""
    columns = max(len(row.tiles) for row in rows)
    side = WIDTH / columns
    shapes = [tile.image.shape for row in rows for tile in row.tiles if tile.image is not None]
    tall = 0.94 * side * max((shape[0] / shape[1] for shape in shapes), default=1.0)
    pitch = tall + 0.36
    height = HEADER + pitch * len(rows) + FOOTER
    figure = blank(height, palette)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    for column, tile in enumerate(rows[0].tiles):
        _write(axes, (column + 0.5) * side, 0.18, tile.label.replace(": ", "\n"), palette.ink)
    for number, row in enumerate(rows):
        top = HEADER + number * pitch
        heading = f"pair {row.number + 1}, seed {row.seed}: {row.pair.source_text} → {row.pair.target_text}"
        _write(axes, 0.03 * side, top + 0.1, drawable(heading, 120), palette.muted, across="left")
        for column, tile in enumerate(row.tiles):
            left, under = (column + 0.03) * side, top + 0.14 + tall
            if tile.image is not None:
                box = (left, left + 0.94 * side, under, under - tall)
                axes.imshow(tile.image, extent=box, interpolation="nearest", aspect="auto")
            text = f"{MARKS[tile.reads]} {drawable(tile.text, int(24 * side))}".strip()
            _write(axes, (column + 0.5) * side, under + 0.11, text or "–", palette.ink)
    marked = f"{MARKS['target']} equals the target text, {MARKS['source']} the source text"
    legend = f"Under each picture: the text read; {marked}."
    _write(axes, 0.03 * side, height - 0.06, legend, palette.muted, across="left")
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    return figure


def _write(
    axes: Axes, x: float, y: float, text: str, colour: str, across: Literal["left", "center"] = "center"
) -> None:
    """Write small text at a place in inches; none of it is taken for a formula."""
    axes.text(x, y, text, color=colour, fontsize=5.5, ha=across, va="baseline", parse_math=False)


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return frozenset(get_font(str(font)).get_charmap())


def drawable(text: str, longest: int) -> str:
    """Return text for a figure: characters its font lacks become squares, and long texts end in an ellipsis."""
    plain = "".join(char if ord(char) in _known_characters() else "□" for char in " ".join(text.split()))
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _row(result: Localization, cells: Cells, pair: int, seed: int, arms: Mapping[str, str]) -> TileRow:
    shown = Pair(**result.config["settings"]["pairs"][pair])
    folder = Path(result.folder) / "images"
    tiles = [_tile(folder, cells.get(f"{pair}/{seed}/{arm}", {}), shown, seed, arm, arms[arm]) for arm in arms]
    return TileRow(shown, pair, seed, tuple(tiles))


def _tile(folder: Path, cell: Mapping[str, Any], pair: Pair, seed: int, arm: str, label: str) -> Tile:
    path = inside(folder, cell["image"]) if "image" in cell else None
    text = str(cell.get("text", "")).strip()
    reads = "target" if _same(text, pair.target_text) else "source" if _same(text, pair.source_text) else ""
    prompt = pair.target if arm == "target" else pair.source
    patched = "" if arm in ("source", "target") else f"patched with the target text's keys and values ({label}), "
    alt = f"{prompt}, {patched}seed {seed}; reads {text or 'nothing'}"
    return Tile(label, text, reads, alt, _shrunk(path) if path is not None and path.is_file() else None)


def _shrunk(path: Path) -> np.ndarray:
    """Read an image and scale it down at once, since hundreds of large ones would fill the memory."""
    picture = Image.fromarray(read_image(path))
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return np.asarray(picture)


def _same(text: str, wanted: str) -> bool:
    return text.strip().lower() == wanted.strip().lower()
