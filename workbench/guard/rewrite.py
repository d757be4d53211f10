"""Rewrite a prompt: toxic words in the text that it asks for become harmless words of the same length."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from workbench.guard.detector import Detector, find_toxic
from workbench.guard.views import EITHER, SYMBOLS, Span

# A quote that is never closed runs to the end: leaving one out must not open a way around the guard.
QUOTES: Final = re.compile(r'"([^"]*)(?:"|$)|“([^”]*)(?:”|$)|«([^»]*)(?:»|$)|‘([^’]*)’|(?<!\w)\'([^\']*)\'(?!\w)')
HARMLESS: Final = tuple(
    """
    o go up on we
    sun sky sea cup hat tea
    tree lake moon bird book lamp
    bread river cloud apple lemon music
    garden window bridge forest yellow summer
    weather kitchen morning evening holiday library
    mountain sunlight notebook sandwich umbrella daylight
    breakfast telephone blueberry crocodile chocolate newspaper
    lighthouse strawberry dictionary restaurant university waterfront
    """.split()
)
LONGEST: Final = max(map(len, HARMLESS))


@dataclass(frozen=True)
class Swap:
    """A toxic word as it stands in a prompt, and the word put in its place."""

    word: str
    replacement: str


@dataclass(frozen=True)
class Rewritten:
    """A prompt whose toxic words are replaced; equal to the original one where there are none."""

    prompt: str
    swaps: tuple[Swap, ...]


def requested_text(prompt: str) -> list[Span]:
    """Return where a prompt says which text it wants: its quoted parts, or all of it if it quotes nothing."""
    matches = [match for match in QUOTES.finditer(prompt) if match.lastindex]
    return [match.span(match.lastindex or 0) for match in matches] or [(0, len(prompt))]


def rewrite(prompt: str, detector: Detector, *, seed: int = 0) -> Rewritten:
    """Replace the toxic words of a prompt's requested text.

    Args:
        prompt: the prompt.
        detector: finds the toxic words.
        seed: decides, together with the word, which harmless word is taken.

    Returns:
        The prompt, as long as before, and the words replaced.
    """
    swaps: list[Swap] = []
    for begin, end in requested_text(prompt):
        for first, last in find_toxic(prompt[begin:end], detector):
            word = prompt[begin + first : begin + last]
            swaps.append(Swap(word, replacement(word, seed=seed)))
            prompt = prompt[: begin + first] + swaps[-1].replacement + prompt[begin + last :]
    return Rewritten(prompt, tuple(swaps))


def replacement(word: str, *, seed: int = 0) -> str:
    """Return a harmless word as long as the given one, the same for the same word and seed.

    Only letters, and what stands for letters, are replaced, each by a letter of its case, so that a word spelled
    with separators keeps them. The words of a phrase are replaced one by one.
    """
    places = [i for i, char in enumerate(word) if _is_letter(char)]
    pieces = [[i for i in places if a <= i < b] for a, b in (match.span() for match in re.finditer(r"\S+", word))]
    whole = any(len(piece) < 2 for piece in pieces)
    rng = random.Random(f"{seed}/{word.casefold()}")
    letters = list(word)
    all_upper = not any(char.islower() for char in word)
    for piece in [places] if whole else pieces:
        for i, letter in zip(piece, _harmless(len(piece), rng), strict=True):
            upper = word[i].isupper() if word[i].isalpha() else all_upper
            letters[i] = letter.upper() if upper else letter
    return "".join(letters)


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN" or char in SYMBOLS or char in EITHER or char == "*"


def _harmless(length: int, rng: random.Random) -> str:
    made = ""
    while len(made) < length:
        part = min(length - len(made), LONGEST)
        made += rng.choice([word for word in HARMLESS if len(word) == part])
    return made
