"""Figures of an attribution, ready for print: heat strips, and how the gap falls as nodes are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, ScalarFormatter

from workbench.attribute.result import TextAttribution, verdict
from workbench.attribute.strips import LEVELS, Cell, word_cells
from workbench.report.drawing import SMALL, TEXT, blank, frame
from workbench.report.palette import LIGHT, Palette, ink_on

DRAWN: Final = 12
COLUMNS: Final = 92
LINE: Final = 0.24
SMALLEST_GAP: Final = 1e-5


def convergence_figure(texts: Sequence[TextAttribution], bound: float, palette: Palette = LIGHT) -> Figure:
    """Draw each text's relative completeness gap over the number of nodes, and the bound."""
    figure = blank(2.6, palette)
    axes = figure.subplots()
    for text in texts:
        nodes, gaps = zip(*[(node, max(gap, SMALLEST_GAP)) for node, gap in text.curve], strict=True)
        line, mark = ("-", "o") if text.certified else (":", "x")
        axes.plot(nodes, gaps, line, color=palette.ink, alpha=0.5, linewidth=0.9)
        axes.plot(nodes[-1], gaps[-1], mark, color=palette.ink, markersize=3.5)
    axes.axhline(bound, color=palette.brand, linestyle="--", linewidth=1.1, gid="bound")
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_locator(LogLocator(base=2))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.minorticks_off()
    axes.set_xlabel("Gauss-Legendre nodes", fontsize=TEXT, color=palette.ink)
    frame(axes, f"Completeness gap, a line a text; dashed: the bound of {bound:.1%}; crosses: not certified", palette)
    return figure


def strips_figure(texts: Sequence[TextAttribution], show_words: bool = False, palette: Palette = LIGHT) -> Figure:
    """Draw the words of the first texts on the signed scale, each with its sign, its gap under it."""
    blocks = [_lines(word_cells(text, show_words)) for text in texts[:DRAWN]]
    height = sum(len(lines) + 1.5 for lines in blocks)
    figure = blank(LINE * height + 0.2, palette)
    axes = figure.subplots()
    axes.set(xlim=(0, COLUMNS), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.5
    for text, lines in zip(texts[:DRAWN], blocks, strict=True):
        for line in lines:
            _draw_line(axes, line, top, palette)
            top += 1
        where = f" at {text.layer}" if text.layer else ""
        note = f"{text.target} {text.probability:.2f}{where}; {verdict(text)}"
        axes.text(0, top, note, fontsize=SMALL, color=palette.muted, va="center", parse_math=False)
        top += 1.5
    return figure


def _lines(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Break cells into lines; each takes its letters, its sign and a blank."""
    lines: list[list[Cell]] = [[]]
    used = 0
    for cell in cells:
        if lines[-1] and used + len(cell.text) + 2 > COLUMNS:
            lines.append([])
            used = 0
        lines[-1].append(cell)
        used += len(cell.text) + 2
    return lines


def _draw_line(axes: Axes, cells: Sequence[Cell], top: float, palette: Palette) -> None:
    place = 0.0
    for cell in cells:
        colour = palette.ramp[cell.level + LEVELS]
        width = len(cell.text) + (1.2 if cell.mark else 0.4)
        axes.add_patch(Rectangle((place, top - 0.4), width, 0.8, color=colour, linewidth=0))
        ink = ink_on(tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
        axes.text(
            place + 0.2,
            top,
            cell.text + cell.mark,
            fontsize=TEXT,
            family="monospace",
            weight="bold" if cell.strong else "normal",
            color=ink,
            va="center",
            parse_math=False,
        )
        place += width + 0.6
