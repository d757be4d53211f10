"""Write a run's report: one self-contained HTML page and its figures as PNG, all in the run's folder."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from workbench.files import write_whole
from workbench.localize.result import Localization
from workbench.localize.scores import DRAWS
from workbench.report.figures import heads_figure, profile_figure, steps_figure
from workbench.report.finding import Cells, finding, headlines, is_small, pair_count
from workbench.report.grid import LARGEST, TileRow, every_site_rows, images_figure, main_rows
from workbench.report.palette import LIGHT, Palette
from workbench.report.render import both_themes, placed, png, render
from workbench.report.screening import screening_figure, screening_table
from workbench.report.tables import Table, control_table, cost_table, ranking_table, trade_off_table
from workbench.report.wording import number, plural

PRINT_DPI: Final = 300
EVERY_SITE_SIDE: Final = 128
Draw = Callable[[Localization, Palette], Figure]


def write_report(result: Localization, cells: Cells) -> Path:
    """Write `report.html` and its figures into the run's folder.

    Beside the page: `profile.png`, `images.png`, and `screening.png`, `steps.png` and `heads.png` where these were
    made, 7 inches wide at 300 dpi in the light palette. The page holds everything it shows, runs no script and loads
    nothing.

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
        write_whole(folder / f"{name}.png", png(draw(result, LIGHT), PRINT_DPI))
    write_whole(folder / "images.png", png(images_figure(rows), PRINT_DPI))
    page = folder / "report.html"
    write_whole(page, _render(result, cells, rows, drawn))
    return page


def _drawn(result: Localization) -> dict[str, Draw]:
    """Return the charts that this result has data for."""
    drawn: dict[str, Draw] = {"profile": profile_figure}
    if result.screening:
        drawn["screening"] = screening_figure
    if result.step_scores:
        drawn["steps"] = steps_figure
    if result.head_scores:
        drawn["heads"] = heads_figure
    return drawn


def _render(result: Localization, cells: Cells, rows: list[TileRow], drawn: dict[str, Draw]) -> str:
    return render(
        "workbench.report",
        "report.html.jinja",
        result=result,
        finding=finding(result, cells),
        headlines=headlines(result),
        small=is_small(result),
        pairs=plural(pair_count(result), "prompt pair"),
        seeds=plural(len(result.config["settings"]["seeds"]), "seed"),
        several=pair_count(result) > 1,
        draws=DRAWS,
        charts={name: both_themes(partial(draw, result)) for name, draw in drawn.items()},
        profile_words=_profile_words(result),
        rows=[{"row": row, **placed(row.tiles, LARGEST)} for row in rows],
        every_site=[{"row": row, **placed(row.tiles, EVERY_SITE_SIDE)} for row in every_site_rows(result, cells)],
        tables=_tables(result),
        cost=cost_table(result, len(cells)),
        config=json.dumps(result.config, indent=1, ensure_ascii=False),
        command=f"workbench runs replay {shlex.quote(result.run)} --out {shlex.quote(str(Path(result.folder).parent))}",
    )


def _tables(result: Localization) -> dict[str, Table]:
    tables = {"ranking": ranking_table(result), "nested": trade_off_table(result), "control": control_table(result)}
    return {**tables, "screening": screening_table(result)} if result.screening else tables


def _profile_words(result: Localization) -> str:
    """Say in words what the profile shows, for those who do not see it."""
    best = ", ".join(f"site {site.index} {number(site.score.effect)}" for site in result.ranking.sites[:3])
    return (
        f"Text effect and drift of {plural(len(result.ranking.sites), 'site')} patched alone. Strongest: {best}. "
        f"All sites together: {number(result.all_sites.effect)}. The table of sites below holds every value."
    )
