"""Agreement with people: words that an attribution singles out against the characters that annotators marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.attribute.words import WORD, Span, Word, toxic_spans
from workbench.errors import InputError

SHARE: Final = 0.5
MATCH: Final = 0.5


@dataclass(frozen=True)
class Plausibility:
    """Figures of one text, each from 0 to 1; two empty sets agree fully.

    Args:
        token_f1: F1 of words; a word is marked if any of its characters is.
        iou_f1: F1 of runs of marked words, which match where their characters overlap by half (ERASER).
        character_f1: F1 of characters (Toxic Spans, SemEval-2021 task 5).
    """

    token_f1: float
    iou_f1: float
    character_f1: float


def agreement(text: str, found: Sequence[Span], marked: Sequence[Span]) -> Plausibility:
    """Compare spans of a text with those that people marked.

    Args:
        text: the raw text.
        found, marked: [start, stop) characters.

    Raises:
        InputError: a span that does not lie in the text.
    """
    for start, stop in (*found, *marked):
        if not 0 <= start < stop <= len(text):
            raise InputError(f"spans within {len(text)} characters", str((start, stop)), "correct the spans")
    words = [match.span() for match in WORD.finditer(text)]
    return Plausibility(
        token_f1=_f1(_words(words, found), _words(words, marked)),
        iou_f1=_iou_f1(_runs(words, found), _runs(words, marked)),
        character_f1=_f1(_characters(found), _characters(marked)),
    )


def singled_out(words: Sequence[Word]) -> list[Span]:
    """Return the spans of words whose score is above 0 and at least half the highest one.

    The threshold is fixed beforehand: no figure of the marked spans, such as their mean length, is looked at.
    """
    highest = max((word.score for word in words), default=0.0)
    return [word.span for word in words if highest > 0 and word.score >= SHARE * highest]


def listed_spans(text: str) -> list[Span]:
    """Return the spans of words that a list of toxic words holds: the simplest competitor there is."""
    return list(toxic_spans(text))


def _characters(spans: Iterable[Span]) -> set[int]:
    return {place for start, stop in spans for place in range(start, stop)}


def _words(words: Sequence[Span], spans: Sequence[Span]) -> set[int]:
    characters = _characters(spans)
    return {number for number, (start, stop) in enumerate(words) if characters & set(range(start, stop))}


def _runs(words: Sequence[Span], spans: Sequence[Span]) -> list[set[int]]:
    """Return runs of neighbouring marked words, as sets of the numbers of their words."""
    runs: list[set[int]] = []
    for number in sorted(_words(words, spans)):
        if runs and number - 1 in runs[-1]:
            runs[-1].add(number)
        else:
            runs.append({number})
    return runs


def _iou_f1(found: Sequence[set[int]], marked: Sequence[set[int]]) -> float:
    matches = sum(any(len(run & other) / len(run | other) >= MATCH for other in marked) for run in found)
    return _balanced(matches, len(found), len(marked))


def _f1(found: set[int], marked: set[int]) -> float:
    return _balanced(len(found & marked), len(found), len(marked))


def _balanced(matches: int, found: int, marked: int) -> float:
    return 2 * matches / (found + marked) if found + marked else 1.0
