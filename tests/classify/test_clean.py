"""Cleaning: what goes, and the way back to the raw characters."""

from __future__ import annotations

import pytest

from workbench.classify.clean import as_it_is, cleaning_of, hat5
from workbench.errors import InputError

CASES = {
    "Write to me@example.org NOW": "write to now",
    "from 192.168.0.1 with love": "from with love",
    "see https://a.b/c?d=1 or www.x.org": "see or",
    "RT @some_one_7: ask.@them or @USER": "rt : ask. or user",
    "#Nice lamp & <b>bold</b>, it-self / back\\slash": "nice lamp bbold b itself backslash".replace(" b ", "b "),
    "great!!! (really?) 😀 100%": "great really %",
    "a\n\tb   c": "a b c",
    "snake_case 9 time: 10.30": "snake_case time: .",
    "😀 12 !!": "",
}


@pytest.mark.parametrize("raw", CASES)
def test_hat5_leaves_only_what_it_should(raw: str) -> None:
    assert hat5(raw).text == CASES[raw]


@pytest.mark.parametrize("raw", [*CASES, "İstanbul Straße ÀÉ", "", "   "])
def test_every_clean_character_knows_its_raw_one(raw: str) -> None:
    cleaned = hat5(raw)
    assert len(cleaned.places) == len(cleaned.text)
    assert list(cleaned.places) == sorted(cleaned.places)
    for character, place in zip(cleaned.text, cleaned.places, strict=True):
        assert character in raw[place].lower() or (character == " " and raw[place].isspace())


def test_a_clean_word_spans_what_was_taken_out_of_it() -> None:
    raw = "so n.a-s,t#y!"
    cleaned = hat5(raw)
    start = cleaned.text.index("n.asty")
    first, stop = cleaned.raw_span(start, start + len("n.asty"))
    assert raw[first:stop] == "n.a-s,t#y"


def test_no_cleaning_is_the_identity() -> None:
    assert as_it_is("Ab 1!").text == "Ab 1!"
    assert as_it_is("Ab 1!").raw_span(1, 4) == (1, 4)


def test_an_unknown_cleaning_is_refused() -> None:
    with pytest.raises(InputError, match=r"hat5.*none"):
        cleaning_of("soap")
