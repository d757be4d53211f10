"""Figures of a matrix of ablations: accuracy against parameters, change of the function against rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.ablate.result import AblationMatrix, AblationRow
from workbench.attention.form import find_form
from workbench.attention.variant import parse_variant
from workbench.report.drawing import SMALL, TEXT, blank, frame
from workbench.report.palette import LIGHT, Palette

COLUMNS: Final = 3
SMALLEST: Final = 1e-7
STYLES: Final = {"low_rank_qk": "-", "symmetric_signed": "--"}


def size_figure(matrix: AblationMatrix, palette: Palette = LIGHT) -> Figure:
    """Draw each system's variants: accuracy after training from scratch over the number of parameters."""
    figure, panels = _panels(list(matrix.chance), palette)
    for system, axes in panels:
        rows = [row for row in matrix.rows if row.system == system and row.accuracy is not None]
        axes.axhline(matrix.chance[system], color=palette.muted, linestyle=":", linewidth=0.9)
        _points(axes, rows, list(matrix.settings["variants"]), palette)
        axes.set_xlabel("parameters", fontsize=SMALL, color=palette.ink)
        frame(axes, system, palette)
    return figure


def rank_figure(matrix: AblationMatrix, palette: Palette = LIGHT) -> Figure | None:
    """Draw the change of each trained model's outputs over the rank of queries and keys; nothing without ranks."""
    systems = [system for system, ranks in matrix.ranks.items() if ranks]
    if not systems:
        return None
    figure, panels = _panels(systems, palette)
    for system, axes in panels:
        for form, errors in matrix.ranks[system].items():
            ranks = sorted(errors, key=int)
            values = [max(errors[rank], SMALLEST) for rank in ranks]
            axes.plot(
                [int(rank) for rank in ranks], values, STYLES[form], color=palette.ink, linewidth=1, marker="o", ms=2.5
            )
        axes.set_yscale("log")
        axes.set_xlabel("rank of a head", fontsize=SMALL, color=palette.ink)
        frame(axes, system, palette)
    return figure


def _panels(systems: Sequence[str], palette: Palette) -> tuple[Figure, list[tuple[str, Axes]]]:
    lines = -(-len(systems) // COLUMNS)
    figure = blank(0.3 + 2.0 * lines, palette)
    grid = np.atleast_1d(figure.subplots(lines, min(COLUMNS, len(systems)))).ravel()
    for unused in grid[len(systems) :]:
        unused.set_axis_off()
    return figure, list(zip(systems, grid, strict=False))


def _points(axes: Axes, rows: Sequence[AblationRow], variants: Sequence[str], palette: Palette) -> None:
    """Draw variants as numbered points with their spread: coloured for the baseline, open for controls."""
    for row in rows:
        spread, size, number = row.accuracy, row.parameters["total"], variants.index(row.variant)
        assert spread is not None
        face = palette.brand if number == 0 else palette.paper if is_control(row.variant) else palette.ink
        axes.errorbar(size, spread.mean, spread.sd, color=palette.muted, linewidth=0.8)
        axes.plot(
            size, spread.mean, "o", markersize=4, markerfacecolor=face, markeredgecolor=palette.ink, markeredgewidth=0.8
        )
        axes.annotate(
            str(number),
            (size, spread.mean),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=SMALL - 1,
            color=palette.ink,
        )
    axes.margins(0.12)
    axes.tick_params(axis="x", labelrotation=20)
    axes.set_ylabel("accuracy", fontsize=TEXT, color=palette.ink)


def is_control(variant: str) -> bool:
    """Tell whether a variant is a negative control."""
    scores = parse_variant(variant).scores
    return scores is not None and find_form(scores.name).control
