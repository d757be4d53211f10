"""Cleaning of posts as pure functions that remember which raw character each clean one came from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from workbench.errors import InputError

# In the order of Sabry et al., HaT5 (arXiv 2202.05690), as their published code meant it; but for user names, of which
# it left the name in. In its data they are masked already, as @USER.
HAT5_STEPS: Final = (
    (re.compile(r"(?<!\S)[^\s@]+@[^\s@]+\.\S+"), ""),  # e-mail addresses; anchored, so linear in a long word
    (re.compile(r"(?<!\w)@(?!USER\b)\w+"), ""),  # user names
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), ""),  # IPv4 addresses
    (re.compile(r"(?:https?://|www\.)\S+"), ""),  # links
    (re.compile(r"[#@&<>\\/\-,]"), ""),
    (re.compile(r"[^\w\s.:%]"), ""),  # emoji and other punctuation
    (re.compile(r"\d"), ""),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Cleaned:
    """A clean text and its way back.

    Args:
        text: the clean text.
        places: for each of its characters the index of the raw character it stands for, never decreasing.
    """

    text: str
    places: tuple[int, ...]

    def raw_span(self, start: int, stop: int) -> tuple[int, int]:
        """Return the [start, stop) raw characters of a non-empty span of clean ones."""
        return self.places[start], self.places[stop - 1] + 1

    def replace(self, pattern: re.Pattern[str], by: str) -> Cleaned:
        """Return this text with each match replaced by at most one character, which stands for the match's first."""
        text: list[str] = []
        places: list[int] = []
        last = 0
        for match in pattern.finditer(self.text):
            text.extend((self.text[last : match.start()], by))
            places.extend((*self.places[last : match.start()], *self.places[match.start() : match.start() + len(by)]))
            last = match.end()
        return Cleaned("".join((*text, self.text[last:])), (*places, *self.places[last:]))

    def lower(self) -> Cleaned:
        """Return this text in lower case; a letter that becomes two keeps its place twice."""
        lowered = [character.lower() for character in self.text]
        places = [place for place, low in zip(self.places, lowered, strict=True) for _ in low]
        return Cleaned("".join(lowered), tuple(places))

    def strip(self) -> Cleaned:
        """Return this text without white space at its ends."""
        start = len(self.text) - len(self.text.lstrip())
        stop = max(start, len(self.text.rstrip()))
        return Cleaned(self.text[start:stop], self.places[start:stop])


def as_it_is(raw: str) -> Cleaned:
    """Return a raw text as its own clean text."""
    return Cleaned(raw, tuple(range(len(raw))))


def hat5(raw: str) -> Cleaned:
    """Clean a post as HaT5 does: no addresses, user names, links, marks, emoji or digits; single spaces; lower case.

    Unlike the published code, digits go before spaces are collapsed, so that none are doubled.
    """
    cleaned = as_it_is(raw)
    for pattern, by in HAT5_STEPS:
        cleaned = cleaned.replace(pattern, by)
    return cleaned.lower().strip()


CLEANINGS: Final[dict[str, Callable[[str], Cleaned]]] = {"hat5": hat5, "none": as_it_is}


def cleaning_of(name: str) -> Callable[[str], Cleaned]:
    """Return the cleaning of a name: `hat5` or `none`.

    Raises:
        InputError: there is none of this name.
    """
    if name not in CLEANINGS:
        raise InputError(f"a cleaning out of {sorted(CLEANINGS)}", repr(name), "choose one of these")
    return CLEANINGS[name]
