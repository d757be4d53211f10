"""Colours of figures and page, light and dark: neutral ink, one accent for the found set, one diverging ramp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from matplotlib.colors import Colormap, LinearSegmentedColormap


@dataclass(frozen=True)
class Palette:
    """The colours of one theme.

    Args:
        paper, raised: background of the page and of code blocks.
        ink, muted: text and secondary text.
        line: hairlines and grid.
        brand: the found set, and links.
        good: edge of a picture that reads as the target text; never used for text itself.
        warn: edge of a notice; never used for text itself.
        ramp: 21 colours from -1 (violet) over neutral to +1 (orange), equal in lightness at equal strength.
    """

    paper: str
    raised: str
    ink: str
    muted: str
    line: str
    brand: str
    good: str
    warn: str
    ramp: tuple[str, ...]

    @property
    def colormap(self) -> Colormap:
        """The ramp as a colour map; cells without a value take the paper."""
        return LinearSegmentedColormap.from_list("effect", list(self.ramp)).with_extremes(bad=self.paper)


LIGHT: Final = Palette(
    paper="#ffffff",
    raised="#f5f5f5",
    ink="#212121",
    muted="#575757",
    line="#dcdcdc",
    brand="#1976d2",
    good="#388e3c",
    warn="#f57c00",
    ramp=(
        "#6e50be",
        "#7961c5",
        "#8672cc",
        "#9282d3",
        "#9f92d9",
        "#aca2df",
        "#bab2e5",
        "#c8c2ea",
        "#d6d2ee",
        "#e5e3f2",
        "#f3f3f3",
        "#f1e1d8",
        "#ecd0bf",
        "#e6bea7",
        "#e0ad8f",
        "#d99c77",
        "#d18b5f",
        "#c97a46",
        "#c06829",
        "#b55803",
        "#a24e02",
    ),
)
DARK: Final = Palette(
    paper="#111111",
    raised="#1f1f1f",
    ink="#e0e0e0",
    muted="#ababab",
    line="#3c3c3c",
    brand="#42a5f5",
    good="#4caf50",
    warn="#ff9800",
    ramp=(
        "#bfb1fe",
        "#b09cfe",
        "#a08fe6",
        "#9182ce",
        "#8175b6",
        "#72689e",
        "#645c87",
        "#565070",
        "#48445a",
        "#3a3944",
        "#2e2e2e",
        "#423830",
        "#564333",
        "#6b4f37",
        "#7f5a39",
        "#94663c",
        "#aa723e",
        "#c07e40",
        "#d68b42",
        "#ed9844",
        "#ffa753",
    ),
)


def ink_on(colour: tuple[float, ...]) -> str:
    """Return black or white, whichever contrasts more with a background; the worst case is 4.58 to 1 (WCAG)."""
    light = _luminance(colour[:3]) + 0.05
    return "#000000" if light / 0.05 > 1.05 / light else "#ffffff"


def _luminance(rgb: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
