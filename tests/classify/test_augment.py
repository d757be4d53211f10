"""Augmentation: what changes, what never does."""

from __future__ import annotations

import random

import pytest

from workbench.classify.augment import WordPairs, augment
from workbench.guard.detector import BetterProfanity

LONG = "lamp table chair door house tree"


@pytest.fixture(scope="module")
def listed() -> str:
    return next(word for word in BetterProfanity().words() if len(word) == 4 and word.isalpha())


def fixed(before, after, count, rng):
    """Write the word `new`."""
    return ["new"] * count


def test_dropping_keeps_the_middle() -> None:
    assert augment([LONG], [1], ["drop"], seed=0) == (["table chair door house"], [1])


def test_replacing_keeps_the_middle() -> None:
    texts, targets = augment([LONG], [1], ["replace"], seed=0, generator=fixed)
    assert (texts, targets) == (["new table chair door house new"], [1])


def test_generating_appends() -> None:
    assert augment([LONG], [0], ["generate"], seed=0, generator=fixed)[0] == [f"{LONG} new new"]


def test_offensive_words_at_the_ends_stay(listed: str) -> None:
    text = f"{listed} {LONG} {listed}"
    assert augment([text], [1], ["drop", "replace"], seed=0, generator=fixed) == ([], [])


def test_an_offensive_generated_word_is_not_used(listed: str) -> None:
    def offend(before, after, count, rng):
        return [listed, "lamp"][:count]

    assert augment([LONG], [0], ["generate"], seed=0, generator=offend)[0] == [f"{LONG} lamp"]
    assert augment([LONG], [0], ["replace"], seed=0, generator=offend)[0] == []


def test_short_texts_are_left_alone() -> None:
    assert augment(["lamp table chair door house"], [0], ["drop"], seed=0) == ([], [])


def test_copies_are_new_and_seeded() -> None:
    texts = [f"{LONG} {number} nice lamp" for number in "one two three four".split()]
    first = augment(texts, [0, 1, 0, 1], ["drop", "replace", "generate"], seed=5)
    assert augment(texts, [0, 1, 0, 1], ["drop", "replace", "generate"], seed=5) == first
    assert not set(first[0]) & set(texts)
    assert len(set(first[0])) == len(first[0]) == len(first[1])


def test_word_pairs_follow_the_texts() -> None:
    pairs, rng = WordPairs(["a b c", "a b c"]), random.Random(0)
    assert pairs(["x", "a"], [], 2, rng) == ["b", "c"]
    assert pairs([], ["c"], 1, rng) == ["b"]
    assert pairs(["c"], [], 2, rng) == []
