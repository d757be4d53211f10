"""Words of a text with their scores, and which parts of it must not be shown as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from workbench.guard.detector import Detector, find_toxic, mask_toxic, open_detector

Span = tuple[int, int]
WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True)
class Word:
    """A run of characters without whitespace in the raw text, and the sum of its tokens' scores."""

    text: str
    span: Span
    score: float


def merge_words(text: str, spans: Sequence[Span], scores: Sequence[float]) -> tuple[Word, ...]:
    """Sum the scores of tokens that lie in the same word.

    Whitespace counts for the word after it, as in SentencePiece, and for the last word at the end of a text. Tokens
    outside the text, such as prefix and end mark, belong to no word.
    """
    places = [match.span() for match in WORD.finditer(text)]
    sums = [0.0] * len(places)
    for (start, stop), score in zip(spans, scores, strict=True):
        if start < stop and places:
            sums[next((i for i, (_, end) in enumerate(places) if start < end), -1)] += score
    return tuple(
        Word(text[start:stop], (start, stop), total) for (start, stop), total in zip(places, sums, strict=True)
    )


def masked(text: str) -> str:
    """Return a text of the same length in which each toxic word keeps its first letter alone."""
    return mask_toxic(text, default_detector())


@cache
def toxic_spans(text: str) -> tuple[Span, ...]:
    """Return the spans of words that the bundled list holds."""
    return tuple(find_toxic(text, default_detector()))


@cache
def default_detector() -> Detector:
    """Return the default detector, opened once."""
    return open_detector()
