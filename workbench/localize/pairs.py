"""Prompt pairs: the same scene with one text (source) and with another (target)."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.errors import InputError

COLUMNS: Final = ("source", "target", "source_text", "target_text")
QUOTED: Final = re.compile(r'"([^"]*)"|“([^”]*)”')


@dataclass(frozen=True)
class Pair:
    """A source prompt, whose image is kept, a target prompt, whose text is wanted, and both texts."""

    source: str
    target: str
    source_text: str
    target_text: str

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"a non-empty {name}", f"{value!r}", "fill in all four columns of the pair")

    @classmethod
    def of_prompts(cls, source: str, target: str) -> Pair:
        """Make a pair of two prompts, each with its text in double quotes."""
        return cls(source, target, quoted_text(source), quoted_text(target))


def quoted_text(prompt: str) -> str:
    """Return the text between the first pair of double quotes of a prompt."""
    match = QUOTED.search(prompt)
    text = (match.group(1) or match.group(2) or "").strip() if match else ""
    if not text:
        raise InputError(
            "a prompt with its text in double quotes, such as 'A sign that says \"HELP\"'",
            repr(prompt),
            "quote the text, or give a pairs file with source_text and target_text",
        )
    return text


def read_pairs(path: str | Path) -> list[Pair]:
    """Read pairs from a CSV file with the columns source, target, source_text, target_text.

    The two text columns may be missing; the quoted texts of the prompts are used then.
    """
    file = Path(path)
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            "a readable CSV file of pairs", f"{str(file)!r}: {error}", f"write columns {COLUMNS}"
        ) from error
    missing = [name for name in COLUMNS[:2] if name not in table.columns]
    if missing or table.empty:
        got = f"no column {', '.join(missing)}" if missing else "no rows"
        raise InputError(f"pairs with the columns {', '.join(COLUMNS)}", f"{str(file)!r} with {got}", "add them")
    if not {"source_text", "target_text"} <= set(table.columns):
        return [Pair.of_prompts(str(row.source), str(row.target)) for row in table.itertuples()]
    return [Pair(*(str(getattr(row, name)) for name in COLUMNS)) for row in table.itertuples()]


def make_pairs(count: int, *, seed: int = 0, embedded: bool) -> list[Pair]:
    """Make pairs of different words in the same scene, seeded.

    For embedded models: held-out words of equal length on things of all colours in turn, so that a few pairs
    hold dark and light ones already. For any other model:
    common English words in the fixed prompt `A sign that says "..."` of the SimpleBench protocol.
    """
    if count < 1:
        raise InputError("at least one pair", str(count), "give --pairs 1 or more")
    from workbench.glyph.captions import WORDS, Caption, held_out_words
    from workbench.glyph.draw import COLOURS, THINGS

    rng = random.Random(seed)
    if not embedded:
        chosen = [word.capitalize() for word in rng.sample(WORDS, k=min(2 * count, len(WORDS)))]
        words = [(chosen[(2 * i) % len(chosen)], chosen[(2 * i + 1) % len(chosen)]) for i in range(count)]
        return [Pair(f'A sign that says "{a}".', f'A sign that says "{b}".', a, b) for a, b in words]
    words = _disjoint(held_out_words(8 * count + 40, letters=4, seed=seed + 1), count)
    colours = tuple(COLOURS)
    scenes = [(colours[index % len(colours)], rng.choice(THINGS)) for index in range(count)]
    captions = [(Caption(a, *scene), Caption(b, *scene)) for (a, b), scene in zip(words, scenes, strict=True)]
    return [Pair(one.prompt, other.prompt, one.word, other.word) for one, other in captions]


def _disjoint(words: Sequence[str], count: int) -> list[tuple[str, str]]:
    """Pair words that share no letter, so that a reading of one never counts for the other."""
    left = list(words)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        first = left.pop(0)
        other = next(word for word in left if not set(word) & set(first))
        left.remove(other)
        pairs.append((first, other))
    return pairs
