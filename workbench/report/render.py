"""Make a page of a result: one HTML file that holds all it shows, runs no script and loads nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from workbench.report.grid import MARKS, Tile, data_uri, shown_size
from workbench.report.palette import DARK, LIGHT, Palette
from workbench.report.wording import count, listed, number, percent

PAGE_DPI: Final = 200
LEAST_WIDTH: Final = 128


def render(package: str, template: str, **values: Any) -> str:
    """Return a page; everything that comes from outside is escaped.

    Args:
        package: package that holds the template, such as `workbench.edit`.
        template: its name; it extends `layout.html.jinja` and takes tables, charts and tiles from `parts.html.jinja`.
        **values: what the template shows.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader("workbench.report", "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "listed": listed, "number": number, "percent": percent}
    environment.globals["marks"] = MARKS
    return environment.get_template(template).render(themes={"light": LIGHT, "dark": DARK}, **values)


def placed(tiles: Sequence[Tile], largest: int) -> dict[str, Any]:
    """Return tiles with their pictures as data URIs and sizes on the page, the longer side at most `largest`."""
    pictures = [
        None if tile.image is None else (data_uri(tile.image, largest), *shown_size(tile.image, largest))
        for tile in tiles
    ]
    width = max((picture[1] for picture in pictures if picture is not None), default=LEAST_WIDTH)
    return {"tiles": list(zip(tiles, pictures, strict=True)), "width": max(width, LEAST_WIDTH)}


def both_themes(draw: Callable[[Palette], Figure]) -> dict[str, str]:
    """Return a chart as data URIs in the light and in the dark palette."""
    drawn = {"light": png(draw(LIGHT), PAGE_DPI), "dark": png(draw(DARK), PAGE_DPI)}
    return {theme: f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}" for theme, data in drawn.items()}


def png(figure: Figure, dpi: int) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, facecolor=figure.get_facecolor(), metadata={"Software": None})
    return out.getvalue()
