"""Prompts are rewritten in the text that they ask for, letter for letter as long as before."""

from __future__ import annotations

import pytest

from tests.guard.found_sets import stand_ins
from workbench.guard.detector import find_toxic, open_detector
from workbench.guard.rewrite import replacement, requested_text, rewrite

QUOTED = {
    'A sign that says "BANANA"': "BANANA",
    "A sign that says “BANANA”": "BANANA",
    "A sign that says «BANANA»": "BANANA",
    "A sign that says ‘BANANA’": "BANANA",
    "A sign that says 'BANANA'": "BANANA",
    'A sign that says "BANANA': "BANANA",
    'A "red" sign that says "BANANA': "BANANA",
    "A sign that says BANANA": "BANANA",
    "The shop's sign says BANANA": "BANANA",
}


@pytest.mark.parametrize("prompt", QUOTED)
def test_the_requested_text_is_found_however_it_is_quoted(prompt: str) -> None:
    made = rewrite(prompt, stand_ins)
    (swap,) = made.swaps
    assert swap.word == QUOTED[prompt]
    assert made.prompt == prompt.replace("BANANA", swap.replacement)
    assert len(made.prompt) == len(prompt)
    assert swap.replacement.isupper()


def test_only_the_requested_text_is_read() -> None:
    prompt = 'A banana beside a sign that says "LAMP"'
    assert rewrite(prompt, stand_ins).prompt == prompt
    assert rewrite(prompt, stand_ins).swaps == ()
    assert [prompt[slice(*span)] for span in requested_text(prompt)] == ["LAMP"]


def test_several_words_are_replaced_each() -> None:
    made = rewrite('Signs that say "hello you" and "Banana".', stand_ins)
    assert [swap.word for swap in made.swaps] == ["hello", "Banana"]
    assert made.prompt == f'Signs that say "{made.swaps[0].replacement} you" and "{made.swaps[1].replacement}".'
    assert made.swaps[1].replacement.istitle()


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 10, 11, 23, 40])
def test_replacements_have_the_length_and_are_harmless(length: int) -> None:
    made = replacement("x" * length)
    assert len(made) == length
    assert made.isalpha() and made.islower()
    assert find_toxic(made, open_detector()) == []


def test_replacements_depend_on_word_and_seed_alone() -> None:
    assert replacement("banana", seed=3) == replacement("banana", seed=3)
    assert replacement("BANANA").lower() == replacement("banana")
    assert len({replacement("banana", seed=seed) for seed in range(20)}) > 2


@pytest.mark.parametrize("word", ["b.a.n.a.n.a", "b a n a n a", "b4n4n4", "b*n*n*", "b\N{ZERO WIDTH SPACE}anana"])
def test_letters_are_replaced_and_separators_stay(word: str) -> None:
    made = replacement(word)
    assert [(i, char) for i, char in enumerate(made) if not char.isalpha()] == [
        (i, char) for i, char in enumerate(word) if char in ". \N{ZERO WIDTH SPACE}"
    ]
    letters = "".join(filter(str.isalpha, made))
    assert len(letters) == 6
    assert find_toxic(letters, open_detector()) == []


def test_the_words_of_a_phrase_are_replaced_one_by_one() -> None:
    first, second = replacement("Blow UP").split(" ")
    assert (len(first), len(second)) == (4, 2)
    assert first.istitle() and second.isupper()
