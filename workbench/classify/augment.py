"""The three augmentations of HaT5 (arXiv 2202.05690): drop, replace or generate words at a text's ends.

The published generator is a dialogue model; here it is any function of the type `Generator`, by default word pairs
counted in the texts at hand.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, Protocol

from workbench.guard.detector import find_toxic, open_detector

LEAST_WORDS: Final = 6
NEW_WORDS: Final = 2
Offensive = Callable[[str], bool]


class Generator(Protocol):
    """Writes words that fit between others."""

    def __call__(self, before: Sequence[str], after: Sequence[str], count: int, rng: random.Random) -> list[str]:
        """Return at most `count` words to stand between `before` and `after`, either of which may be empty."""


class WordPairs:
    """A generator that follows the word pairs of some texts.

    Args:
        texts: what to count in; words are separated by white space.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._after: dict[str, Counter[str]] = defaultdict(Counter)
        self._before: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            words = text.split()
            for first, second in pairwise(words):
                self._after[first][second] += 1
                self._before[second][first] += 1

    def __call__(self, before: Sequence[str], after: Sequence[str], count: int, rng: random.Random) -> list[str]:
        """Return words drawn by how often they follow the word before, or else precede the one after."""
        words: list[str] = []
        for _ in range(count):
            known = (
                self._after.get((words or [*before])[-1])
                if words or before
                else self._before.get(after[0] if after else "")
            )
            if not known:
                break
            words.append(rng.choices(list(known), weights=list(known.values()))[0])
        return words


def drop(words: list[str], offensive: Offensive, generator: Generator, rng: random.Random) -> list[str]:
    """Leave out the first and the last word unless they are offensive."""
    first, last = words[:1] if offensive(words[0]) else [], words[-1:] if offensive(words[-1]) else []
    return [*first, *words[1:-1], *last]


def replace(words: list[str], offensive: Offensive, generator: Generator, rng: random.Random) -> list[str]:
    """Exchange the first and the last word, unless they are offensive, for harmless generated ones."""
    middle = words[1:-1]
    first, last = words[:1], words[-1:]
    if not offensive(words[0]):
        first = _harmless(generator([], middle, 1, rng), offensive) or first
    if not offensive(words[-1]):
        last = _harmless(generator(middle, [], 1, rng), offensive) or last
    return [*first, *middle, *last]


def generate(words: list[str], offensive: Offensive, generator: Generator, rng: random.Random) -> list[str]:
    """Append two harmless generated words."""
    return [*words, *_harmless(generator(words, [], NEW_WORDS, rng), offensive)]


METHODS: Final[dict[str, Callable[[list[str], Offensive, Generator, random.Random], list[str]]]] = {
    "drop": drop,
    "replace": replace,
    "generate": generate,
}


def augment(
    texts: Sequence[str],
    targets: Sequence[int],
    methods: Sequence[str],
    *,
    seed: int,
    generator: Generator | None = None,
) -> tuple[list[str], list[int]]:
    """Return changed copies of texts with the labels of their originals.

    Args:
        texts: raw texts; those of fewer than six words are left alone, as published.
        targets: their labels.
        methods: out of `drop`, `replace` and `generate`.
        seed: decides what is drawn.
        generator: writes new words; word pairs of these texts unless given. An offensive word that it writes is not
            used, since it could change the label, which the published code flips instead.

    Returns:
        New texts and their labels; a copy that is equal to a text is left out.
    """
    detector, rng = open_detector(), random.Random(seed)
    known: dict[str, bool] = {}

    def offensive(word: str) -> bool:
        if word not in known:
            known[word] = bool(find_toxic(word, detector))
        return known[word]

    writer, seen = generator or WordPairs(texts), set(texts)
    made: list[tuple[str, int]] = []
    for method in methods:
        for text, target in zip(texts, targets, strict=True):
            words = text.split()
            if len(words) < LEAST_WORDS:
                continue
            copy = " ".join(METHODS[method](words, offensive, writer, rng))
            if copy not in seen:
                seen.add(copy)
                made.append((copy, target))
    return [text for text, _ in made], [target for _, target in made]


def _harmless(words: list[str], offensive: Offensive) -> list[str]:
    return [word for word in words if not offensive(word)]
