"""Figures of a localisation, ready for print: functions from a result to a matplotlib Figure, without pyplot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from workbench.localize.result import Localization, RankedSite
from workbench.localize.scores import ArmScore
from workbench.report.drawing import SMALL, TEXT, Level, blank, draw_levels, frame, scale, site_axis
from workbench.report.finding import is_small
from workbench.report.palette import LIGHT, Palette, ink_on
from workbench.report.wording import number

DETAIL: Final = re.compile(r"^(?P<site>\d+)(?:\.h(?P<head>\d+))?(?:@(?P<first>\d+)-(?P<end>\d*))?$")
LEAST_EFFECT: Final = 0.2
LEAST_DRIFT: Final = 0.02
NUMBERED: Final = 20


def profile_figure(result: Localization, palette: Palette = LIGHT) -> Figure:
    """Draw the text effect of every site alone over the drift it costs, with 95 % intervals."""
    sites = by_index(result)
    figure = blank(4.6, palette)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    scores = [site.score for site in sites]
    effects, drifts = _levels(result, palette)
    _panel(top, result, [(s.effect, s.ci) for s in scores], effects, LEAST_EFFECT, palette)
    _panel(bottom, result, [(s.drift, s.drift_ci) for s in scores], drifts, LEAST_DRIFT, palette)
    frame(top, "Text effect of each site patched alone, with 95 % interval (0 unchanged, 1 texts exchanged)", palette)
    frame(bottom, "Drift outside the text, 1 − SSIM, with 95 % interval (0 unchanged)", palette)
    site_axis(bottom, sites, palette)
    return figure


def steps_figure(result: Localization, palette: Palette = LIGHT) -> Figure:
    """Draw the text effect of every site patched in one window of the denoising steps."""
    found = [(_detail(score), score.effect) for score in result.step_scores]
    windows = sorted({(int(match["first"]), int(match["end"])) for match, _ in found})
    values = {(int(match["first"]), int(match["site"])): effect for match, effect in found}
    rows = {first: f"{first}–{end - 1}" if end - first > 1 else f"{first}" for first, end in windows}
    return _heat_map(result, values, rows, "Text effect by site and denoising steps patched", "Steps", palette)


def heads_figure(result: Localization, palette: Palette = LIGHT) -> Figure:
    """Draw the text effect of every head patched alone; sites may differ in their number of heads."""
    found = [(_detail(score), score.effect) for score in result.head_scores]
    values = {(int(match["head"]), int(match["site"])): effect for match, effect in found}
    rows = {head: str(head) for head in sorted({head for head, _ in values})}
    return _heat_map(result, values, rows, "Text effect by site and attention head patched", "Head", palette)


def by_index(result: Localization) -> list[RankedSite]:
    """Return the sites tried in the order of execution."""
    return sorted(result.ranking.sites, key=lambda site: site.index)


def _detail(score: ArmScore) -> re.Match[str]:
    match = DETAIL.match(score.arm)
    assert match is not None, f"expected the key of one site's heads or steps, got {score.arm!r}"
    return match


def _levels(result: Localization, palette: Palette) -> tuple[list[Level], list[Level]]:
    """Return the lines of the effect panel and of the drift panel."""
    drawn: list[tuple[str, str, str, float, float, tuple[float, float] | None]] = []
    everything, found, control = result.all_sites, result.found, result.found.control
    drawn.append(("all sites", "--", palette.ink, everything.effect, everything.drift, None))
    if is_small(result):
        drawn.append(("found set", "-", palette.brand, found.score.effect, found.score.drift, None))
    if control:
        band = (float(control["ci"][0]), float(control["ci"][1]))
        drawn.append(("random sets", ":", palette.ink, control["effect"], control["drift"], band))
    effects = [Level(f"{name} {number(e)}", e, style, colour, band) for name, style, colour, e, _, band in drawn]
    drifts = [Level(f"{name} {number(d, 3)}", d, style, colour) for name, style, colour, _, d, _ in drawn]
    return effects, drifts


def _panel(
    axes: Axes,
    result: Localization,
    points: Sequence[tuple[float, tuple[float, float]]],
    levels: Sequence[Level],
    least: float,
    palette: Palette,
) -> None:
    """Draw one point and interval a site; sites of the found set are filled and larger, not only coloured."""
    chosen = [is_small(result) and site.index in result.found.indices for site in by_index(result)]
    for name, member, colour, face, size in (
        ("sites", False, palette.ink, palette.paper, 4.0),
        ("found", True, palette.brand, palette.brand, 6.5),
    ):
        drawn = [(x, *point) for x, point in enumerate(points) if chosen[x] is member]
        if drawn:
            places, values, bands = zip(*drawn, strict=True)
            axes.vlines(places, [b[0] for b in bands], [b[1] for b in bands], color=colour, linewidth=1.2, zorder=3)
            (marks,) = axes.plot(places, values, "o", color=colour, markersize=size, zorder=4, gid=name)
            marks.set(markerfacecolor=face, markeredgewidth=1.0)
    held = [number for value, band in points for number in (value, *band)]
    held += [number for level in levels for number in (level.value, *(level.band or ()))]
    scale(axes, held, least, palette)
    # A label is about 0.13 inch high; the upper panel is 2, the lower 1.3 inches high.
    draw_levels(axes, levels, 0.07 if least is LEAST_EFFECT else 0.11, palette)


def _heat_map(
    result: Localization,
    values: Mapping[tuple[int, int], float],
    rows: Mapping[int, str],
    title: str,
    row_label: str,
    palette: Palette,
) -> Figure:
    """Draw effects [row, site] on the diverging ramp, symmetric around 0."""
    sites = by_index(result)
    grid = np.array([[values.get((row, site.index), np.nan) for site in sites] for row in rows])
    figure = blank(min(8.0, 1.5 + 0.26 * len(rows)), palette)
    axes = figure.subplots()
    frame(axes, title, palette)
    limit = round_up(float(np.nanmax(np.abs(grid))))
    span = Normalize(-limit, limit)
    shades = ScalarMappable(span, palette.colormap)
    edges = np.arange(len(sites) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5
    mesh = axes.pcolormesh(*edges, np.ma.masked_invalid(grid), cmap=palette.colormap, norm=span)
    mesh.set(edgecolor=palette.paper, linewidth=0.6)
    axes.set_yticks(range(len(rows)), list(rows.values()))
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.set_ylabel(row_label, fontsize=TEXT, color=palette.ink)
    site_axis(axes, sites, palette)
    _color_bar(figure, axes, shades, limit, palette)
    if len(sites) <= NUMBERED:
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                text = axes.text(column, row, number(value), ha="center", va="center", fontsize=6.5)
                text.set_color(ink_on(palette.colormap(float(span(value)))))
    return figure


def _color_bar(figure: Figure, axes: Axes, shades: ScalarMappable, limit: float, palette: Palette) -> None:
    bar = figure.colorbar(shades, ax=axes, fraction=0.03, pad=0.01, ticks=[-limit, 0, limit])
    bar.set_ticklabels([f"{number(-limit, 1)}", "0", f"{number(limit, 1)}"])
    bar.ax.tick_params(colors=palette.muted, labelsize=SMALL, length=0)
    bar.set_label("Text effect", fontsize=TEXT, color=palette.ink)
    bar.outline.set_visible(False)


def round_up(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten, at least 0.1, so that noise alone looks quiet."""
    least = max(value, 0.1) - 1e-9
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)
