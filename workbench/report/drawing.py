"""Parts that the figures share: an empty figure, the frame of an axes, labelled lines, the axis of sites."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator

from workbench.localize.result import RankedSite
from workbench.localize.screening import ScreenedSite
from workbench.report.palette import Palette
from workbench.report.wording import short_names

WIDTH: Final = 7.0
TEXT: Final = 8.0
SMALL: Final = 7.0
NAMED: Final = 30


@dataclass(frozen=True)
class Level:
    """A horizontal line over all sites, with its label at the right end and its interval as a grey band."""

    label: str
    value: float
    style: str
    colour: str
    band: tuple[float, float] | None = None


def blank(height: float, palette: Palette) -> Figure:
    """Return an empty figure of the printed width in inches, drawn by Agg and unknown to pyplot."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor=palette.paper)
    FigureCanvasAgg(figure)
    return figure


def frame(axes: Axes, title: str, palette: Palette) -> None:
    """Title an axes and reduce its frame to hairlines."""
    axes.set_facecolor(palette.paper)
    axes.set_title(title, loc="left", fontsize=TEXT, color=palette.ink)
    axes.tick_params(colors=palette.muted, labelsize=SMALL, length=2.5, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=palette.line, linewidth=0.8)


def scale(axes: Axes, values: Sequence[float], least: float, palette: Palette) -> None:
    """Scale the y axis to hold 0, all values and at least up to `least`, so that noise alone looks small."""
    low, high = min(0.0, *values), max(least, *values)
    margin = 0.04 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=palette.line, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.axhline(0, color=palette.muted, linewidth=0.8, zorder=1)


def draw_levels(axes: Axes, levels: Sequence[Level], apart: float, palette: Palette) -> None:
    """Draw lines and bands, with labels beside the right end at least `apart` of the axis from each other."""
    low, high = axes.get_ylim()
    place = -math.inf
    for level in sorted(levels, key=lambda item: item.value):
        if level.band is not None:
            axes.axhspan(*level.band, color=palette.ink, alpha=0.16, linewidth=0, zorder=0, gid="band")
        axes.axhline(level.value, color=level.colour, linestyle=level.style, linewidth=1.1, zorder=2, gid="level")
        place = max((level.value - low) / (high - low), place + apart)
        axes.annotate(
            level.label,
            (1.0, place),
            xycoords="axes fraction",
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=level.colour,
        )


def site_axis(axes: Axes, sites: Sequence[RankedSite | ScreenedSite], palette: Palette) -> None:
    """Label sites 0, 1, ... by index; with short names where they fit and groups of the module tree where not."""
    indices, names = [str(site.index) for site in sites], short_names([site.name for site in sites])
    axes.set_xlim(-0.6, len(sites) - 0.4)
    axes.set_xlabel("Site, counted from 0 in the order of execution", fontsize=TEXT, color=palette.ink)
    if len(sites) > NAMED:
        axes.set_xticks(range(0, len(sites), 5), indices[::5])
        _groups(axes, names, palette)
    elif names == indices or not all(names):
        axes.set_xticks(range(len(sites)), indices)
    else:
        axes.set_xticks(range(len(sites)), indices)
        _names(axes, names, palette)


def _names(axes: Axes, names: Sequence[str], palette: Palette) -> None:
    """Write each site's short name upright under its index."""
    for place, name in enumerate(names):
        _below(axes, place, name, palette).set_rotation(90)
    axes.xaxis.labelpad = 6 + 0.52 * SMALL * max(map(len, names))


def _groups(axes: Axes, names: Sequence[str], palette: Palette) -> None:
    """Write the block under runs of sites, such as `up.0`, with a hairline where a run begins."""
    paths = [name.split(".") for name in names]
    start = 0
    for word, run in groupby(".".join(path[: max(1, min(2, len(path) - 1))]) for path in paths):
        end = start + len(list(run))
        if not word.isdigit():
            for panel in axes.get_shared_x_axes().get_siblings(axes) if start else ():
                panel.axvline(start - 0.5, color=palette.muted, linewidth=0.4, alpha=0.6, zorder=1)
            _below(axes, (start + end - 1) / 2, word, palette)
        start = end
    axes.xaxis.labelpad = 16


def _below(axes: Axes, place: float, text: str, palette: Palette) -> Annotation:
    label = axes.annotate(
        text,
        (place, 0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, -15),
        textcoords="offset points",
        parse_math=False,
    )
    label.set(ha="center", va="top", fontsize=SMALL - 0.5, color=palette.muted)
    return label
