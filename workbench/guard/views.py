"""Views of a text in which common evasions are undone, each character with its place in the raw text.

A view never replaces the text: a detector reads all of them, and what it finds is mapped back. Undone are case,
compatibility forms, accents, invisible characters, look-alike letters of other scripts (Unicode's table of
confusables, UTS 39), digits and symbols for letters, separators between letters, and stretched letters. A word
split by blanks is joined only where every piece is a single letter, so that `pen is` stays two words.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

Span = tuple[int, int]

SYMBOLS: Final = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "+": "t"}
# What stands for i as often as for l is read both ways.
EITHER: Final = frozenset("1!|")
TOKEN: Final = re.compile(r"\S+")
SPACED: Final = re.compile(r"(?<!\w)[a-z](?:[\W_]+[a-z])+(?!\w)")
INNER: Final = re.compile(r"(?<=[a-z])[^\w\s*@$+!|]+(?=[a-z])|(?<=[a-z])_+(?=[a-z])")
STRETCHED: Final = re.compile(r"([a-z])\1{2,}")
DOUBLED: Final = re.compile(r"([a-z])\1")


@dataclass(frozen=True)
class View:
    """A text, and for each of its characters the index of the raw character that it stands for."""

    text: str
    origin: tuple[int, ...]

    def raw_span(self, span: Span) -> Span:
        """Return the part of the raw text that a part of this view stands for."""
        first, end = span
        return self.origin[first], self.origin[end - 1] + 1

    def kept(self, indices: Iterable[int]) -> View:
        """Return the view of some of its characters alone."""
        chosen = list(indices)
        return View("".join(self.text[i] for i in chosen), tuple(self.origin[i] for i in chosen))


def views(text: str) -> Iterator[View]:
    """Yield the raw text and every distinct view of it; few for a text without anything to undo."""
    raw = View(text, tuple(range(len(text))))
    seen = {text}
    yield raw
    plain = folded(raw)
    for letters in (plain, spelled(plain, "i"), spelled(plain, "l")):
        for closed in (letters, joined(letters)):
            for view in (closed, shortened(closed, STRETCHED, 2), shortened(closed, STRETCHED, 1), undoubled(closed)):
                if view.text and view.text not in seen:
                    seen.add(view.text)
                    yield view


def folded(view: View) -> View:
    """Undo case, compatibility forms, accents, invisible characters and look-alikes."""
    letters = [(letter, place) for char, place in zip(view.text, view.origin, strict=True) for letter in _fold(char)]
    return View("".join(letter for letter, _ in letters), tuple(place for _, place in letters))


def spelled(view: View, either: str) -> View:
    """Read digits and symbols as letters in words that hold a letter; `1`, `!` and `|` as the given one."""
    letters = list(view.text)
    for token in TOKEN.finditer(view.text):
        # An exclamation mark at the end is one.
        end = token.start() + len(token[0].rstrip("!"))
        if any(char.isalpha() for char in token[0]):
            for i in range(token.start(), end):
                letters[i] = either if letters[i] in EITHER else SYMBOLS.get(letters[i], letters[i])
    return View("".join(letters), view.origin)


def joined(view: View) -> View:
    """Join letters that stand alone, such as `a b c` or `a.b.c`, and drop separators inside words."""
    dropped = {i for match in INNER.finditer(view.text) for i in range(*match.span())}
    for match in SPACED.finditer(view.text):
        dropped |= {i for i in range(*match.span()) if not view.text[i].isalpha()}
    return view.kept(i for i in range(len(view.text)) if i not in dropped)


def shortened(view: View, runs: re.Pattern[str], length: int) -> View:
    """Cut runs of one letter to a length."""
    dropped = {i for match in runs.finditer(view.text) for i in range(match.start() + length, match.end())}
    return view.kept(i for i in range(len(view.text)) if i not in dropped)


def undoubled(view: View) -> View:
    """Cut every double letter in words of five letters or more; in short words that makes other words."""
    dropped = {
        match.start() + token.start()
        for token in TOKEN.finditer(view.text)
        if len(token[0]) >= 5
        for match in DOUBLED.finditer(token[0])
    }
    return view.kept(i for i in range(len(view.text)) if i not in dropped)


def _fold(char: str) -> str:
    if unicodedata.category(char) == "Cf":
        return ""
    parts = unicodedata.normalize("NFKD", confusables().get(char, char))
    return "".join(confusables().get(part, part) for part in parts if unicodedata.category(part) != "Mn").casefold()


@cache
def confusables() -> dict[str, str]:
    """Return the Latin letter for every other character that looks like one."""
    from confusable_homoglyphs.confusables import confusables_data

    found: dict[str, str] = {}
    for char, alike in confusables_data.items():
        latin = [item["c"] for item in alike if item["c"] in string.ascii_letters and len(item["c"]) == 1]
        if latin and not char.isascii():
            found[char] = latin[0]
    return found
