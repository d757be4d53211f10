"""Heat strips: words or tokens on a signed colour scale that is readable without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from workbench.attribute.result import TextAttribution
from workbench.attribute.words import masked
from workbench.report.palette import LIGHT, ink_on

LEVELS: Final = 10
MARKS: Final = {1: "+", -1: "−", 0: ""}
WEAK: Final = 0.05
STRONG: Final = 7


@dataclass(frozen=True)
class Cell:
    """A word or token on the scale.

    Args:
        text: as it is shown.
        score: its score.
        level: from -10 (against the target, strongest of the text) over 0 to 10.
    """

    text: str
    score: float
    level: int

    @property
    def sign(self) -> int:
        """1 for the target, -1 against it, 0 for hardly anything."""
        return (self.level > 0) - (self.level < 0)

    @property
    def mark(self) -> str:
        """A sign beside the text, for those who do not see the colours."""
        return MARKS[self.sign]

    @property
    def strong(self) -> bool:
        """Whether it is bold."""
        return abs(self.level) >= STRONG


def word_cells(text: TextAttribution, show_words: bool = False) -> list[Cell]:
    """Return the words of a text on the scale, toxic ones masked unless they are to be shown."""
    shown = text.text if show_words else masked(text.text)
    words = text.words
    return _cells([shown[slice(*word.span)] for word in words], [word.score for word in words])


def token_cells(text: TextAttribution, show_words: bool = False) -> list[Cell]:
    """Return the tokens of a text on the scale, toxic words masked unless they are to be shown."""
    return _cells(text.pieces(show_words), text.scores)


def strip(text: TextAttribution, show_words: bool = False) -> str:
    """Return the words of a text as a line of HTML; `STYLE` colours it."""
    return cells_html(word_cells(text, show_words))


def cells_html(cells: Sequence[Cell]) -> str:
    """Return cells as HTML, everything escaped."""
    return " ".join(
        f'<span class="cell l{cell.level}" title="{cell.score:+.4f}">{escape(cell.text)}<sup>{cell.mark}</sup></span>'
        for cell in cells
    )


def _cells(texts: Sequence[str], scores: Sequence[float]) -> list[Cell]:
    largest = max(map(abs, scores), default=0.0) or 1.0
    # What is weak against the strongest word of the text stays neutral: most words are.
    shares = [score / largest if abs(score) > WEAK * largest else 0.0 for score in scores]
    levels = [round(share * LEVELS) or (1 if share > 0 else -1 if share < 0 else 0) for share in shares]
    return [Cell(text, score, level) for text, score, level in zip(texts, scores, levels, strict=True)]


def level_styles(ramp: Sequence[str], within: str = "") -> str:
    """Return the colours of all levels; `SHAPES` adds what does not rely on colour."""
    lines = []
    for level in range(-LEVELS, LEVELS + 1):
        colour = ramp[level + LEVELS]
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        lines.append(f"{within} .l{level} {{ background: {colour}; color: {ink_on((red, green, blue))} }}".strip())
    return "\n".join(lines)


SHAPES: Final = "\n".join(
    [
        ".cell { display: inline-block; padding: 0 3px; border-bottom: 2px solid transparent }",
        ".cell sup { font-size: 10px; line-height: 0 }",
        ", ".join(f".l{level}" for level in range(1, LEVELS + 1)) + " { border-bottom: 2px solid currentColor }",
        ", ".join(f".l-{level}" for level in range(1, LEVELS + 1)) + " { border-bottom: 2px dashed currentColor }",
        ", ".join(f".l{level}, .l-{level}" for level in range(STRONG, LEVELS + 1)) + " { font-weight: 700 }",
    ]
)
STYLE: Final = f"{SHAPES}\n{level_styles(LIGHT.ramp, '.attribution')}"
