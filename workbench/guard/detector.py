"""Find toxic words in a text, behind one interface: anything that maps a text to spans.

Detectors are registered by name. They see the views of a text (`workbench.guard.views`), so none of them needs to
know about evasions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from workbench.errors import InputError
from workbench.guard.views import Span, views
from workbench.registry import Registry

Detector = Callable[[str], Iterable[Span]]
DEFAULT: Final = "better-profanity"
WORD: Final = re.compile(r"(?:[^\W_]|[@$*])+")
LONGEST_PHRASE: Final = 4
_DETECTORS: Registry[Callable[[], Detector]] = Registry("detector")
# A decorator for a class, or a function without arguments, that opens a detector.
register_detector = _DETECTORS.register
list_detectors = _DETECTORS.names


def open_detector(detector: str | Detector = DEFAULT) -> Detector:
    """Open the detector registered under a name; a callable is one already.

    Raises:
        InputError: no detector has this name.
        ImportError: its package is not installed.
    """
    if callable(detector):
        return detector
    return _DETECTORS[detector]()


def find_toxic(text: str, detector: Detector) -> list[Span]:
    """Return the spans (first, end) of toxic words in a text, in order; overlapping ones are merged.

    Raises:
        InputError: the detector returned something else than spans of the text it was given.
    """
    found: set[Span] = set()
    for view in views(text):
        for span in detector(view.text):
            found.add(view.raw_span(_checked(span, view.text)))
    merged: list[Span] = []
    for first, end in sorted(found):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def mask(word: str) -> str:
    """Return a word's first letter and a dot for each further one."""
    return word[:1] + "." * (len(word) - 1)


def mask_toxic(text: str, detector: Detector) -> str:
    """Return a text with its toxic words masked."""
    for first, end in reversed(find_toxic(text, detector)):
        text = text[:first] + mask(text[first:end]) + text[end:]
    return text


def mask_pieces(text: str, pieces: Sequence[str], spans: Sequence[Span], detector: Detector) -> tuple[str, ...]:
    """Return the tokens of a text, whose [start, stop) characters are known, with its toxic words masked."""
    safe = mask_toxic(text, detector)
    return tuple(
        piece if text[start:stop] == safe[start:stop] else safe[start:stop]
        for piece, (start, stop) in zip(pieces, spans, strict=True)
    )


def _checked(span: Sequence[int], text: str) -> Span:
    first, end = span
    if not 0 <= first < end <= len(text):
        raise InputError(f"spans (first, end) within {len(text)} characters", f"{span}", "repair the detector")
    return first, end


@register_detector(DEFAULT)
class BetterProfanity:
    """The word list and the spelling variants of the package better-profanity, which lie in its wheel.

    It is broad: it holds names of body parts and mild words too. What counts as toxic is the user's choice;
    pass a function of your own for another one.

    Raises:
        ImportError: better-profanity is not installed.
    """

    name = DEFAULT

    def __init__(self) -> None:
        try:
            from better_profanity.better_profanity import Profanity
        except ImportError as error:
            raise ImportError(
                "the detector 'better-profanity' needs the package better-profanity: run "
                "`pip install better-profanity` or pass a function from a text to spans"
            ) from error
        # An instance of its own: nobody else's custom words get in.
        self._words = Profanity().CENSOR_WORDSET

    def words(self) -> list[str]:
        """Return the bundled words, in alphabetical order."""
        return sorted(str(word) for word in self._words)

    def __call__(self, text: str) -> list[Span]:
        """Return the spans of listed words and of phrases of up to four words; no list word is found inside another."""
        places = [match.span() for match in WORD.finditer(text) if any(map(str.isalpha, match[0]))]
        windows = [
            (places[i][0], places[j][1])
            for i in range(len(places))
            for j in range(i, min(i + LONGEST_PHRASE, len(places)))
        ]
        return [(first, end) for first, end in windows if text[first:end].lower() in self._words]
