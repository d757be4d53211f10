"""Write a run's report: one self-contained HTML page and its figures as PNG, all in the run's folder."""

from __future__ import annotations

import base64
import io
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from workbench.localize.result import Localization
from workbench.localize.scores import DRAWS
from workbench.report.figures import heads_figure, profile_figure, steps_figure
from workbench.report.finding import Cells, finding, headlines, is_small, pair_count
from workbench.report.grid import (
    LARGEST,
    MARKS,
    TileRow,
    data_uri,
    every_site_rows,
    images_figure,
    main_rows,
    shown_size,
)
from workbench.report.palette import DARK, LIGHT, Palette
from workbench.report.tables import control_table, cost_table, ranking_table, trade_off_table
from workbench.report.wording import count, listed, number, percent, plural

PRINT_DPI: Final = 300
PAGE_DPI: Final = 200
EVERY_SITE_SIDE: Final = 128
LEAST_WIDTH: Final = 128
Draw = Callable[[Localization, Palette], Figure]


def write_report(result: Localization, cells: Cells) -> Path:
    """Write `report.html` and its figures into the run's folder.

    Beside the page: `profile.png`, `images.png`, and `steps.png` and `heads.png` where these were swept, 7 inches
    wide at 300 dpi in the light palette. The page holds everything it shows, runs no script and loads nothing.

    Args:
        result: the localisation; its `folder` must be where the run lies now.
        cells: measured values by `pair/seed/arm`, as `RunStore.cells` returns them.

    Returns:
        The path of `report.html`.
    """
    folder = Path(result.folder)
    rows = main_rows(result, cells)
    drawn = _drawn(result)
    for name, draw in drawn.items():
        _write(folder / f"{name}.png", _png(draw(result, LIGHT), PRINT_DPI))
    _write(folder / "images.png", _png(images_figure(rows), PRINT_DPI))
    page = folder / "report.html"
    _write(page, _render(result, cells, rows, drawn).encode("utf-8"))
    return page


def _drawn(result: Localization) -> dict[str, Draw]:
    """Return the charts that this result has data for."""
    drawn: dict[str, Draw] = {"profile": profile_figure}
    if result.step_scores:
        drawn["steps"] = steps_figure
    if result.head_scores:
        drawn["heads"] = heads_figure
    return drawn


def _render(result: Localization, cells: Cells, rows: list[TileRow], drawn: dict[str, Draw]) -> str:
    environment = Environment(
        loader=PackageLoader("workbench.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "listed": listed, "number": number, "percent": percent}
    return environment.get_template("report.html.jinja").render(
        result=result,
        finding=finding(result, cells),
        headlines=headlines(result),
        small=is_small(result),
        pairs=plural(pair_count(result), "prompt pair"),
        seeds=plural(len(result.config["settings"]["seeds"]), "seed"),
        several=pair_count(result) > 1,
        draws=DRAWS,
        charts={name: _both_themes(result, draw) for name, draw in drawn.items()},
        profile_words=_profile_words(result),
        rows=[_placed(row, LARGEST) for row in rows],
        every_site=[_placed(row, EVERY_SITE_SIDE) for row in every_site_rows(result, cells)],
        marks=MARKS,
        tables={"ranking": ranking_table(result), "nested": trade_off_table(result), "control": control_table(result)},
        cost=cost_table(result, len(cells)),
        config=json.dumps(result.config, indent=1, ensure_ascii=False),
        command=f"workbench runs replay {shlex.quote(result.run)} --out {shlex.quote(str(Path(result.folder).parent))}",
        themes={"light": LIGHT, "dark": DARK},
    )


def _placed(row: TileRow, largest: int) -> dict[str, Any]:
    """Return a row with its pictures as data URIs and their size on the page."""
    pictures = [
        None if tile.image is None else (data_uri(tile.image, largest), *shown_size(tile.image, largest))
        for tile in row.tiles
    ]
    width = max((picture[1] for picture in pictures if picture is not None), default=LEAST_WIDTH)
    return {"row": row, "tiles": list(zip(row.tiles, pictures, strict=True)), "width": max(width, LEAST_WIDTH)}


def _both_themes(result: Localization, draw: Draw) -> dict[str, str]:
    """Return a chart as data URIs in the light and in the dark palette."""
    drawn = {"light": _png(draw(result, LIGHT), PAGE_DPI), "dark": _png(draw(result, DARK), PAGE_DPI)}
    return {theme: f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}" for theme, data in drawn.items()}


def _profile_words(result: Localization) -> str:
    """Say in words what the profile shows, for those who do not see it."""
    best = ", ".join(f"site {site.index} {number(site.score.effect)}" for site in result.ranking.sites[:3])
    return (
        f"Text effect and drift of {plural(len(result.ranking.sites), 'site')} patched alone. Strongest: {best}. "
        f"All sites together: {number(result.all_sites.effect)}. The table of sites below holds every value."
    )


def _png(figure: Figure, dpi: int) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, facecolor=figure.get_facecolor(), metadata={"Software": None})
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
