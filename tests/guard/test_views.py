"""What evasions do to a word is undone, what is found is mapped back, and clean text stays what it is."""

from __future__ import annotations

import pytest

from tests.guard.found_sets import stand_ins
from workbench.guard.detector import find_toxic
from workbench.guard.views import views

EVASIONS = {
    "as it is": "banana",
    "mixed case": "BaNaNa",
    "digits": "b4n4n4",
    "symbols": "b@n@n@",
    "blanks": "b a n a n a",
    "dots": "b.a.n.a.n.a",
    "dots and blanks": "b. a. n. a. n. a",
    "asterisks": "b*a*n*a*n*a",
    "underscores": "b_a_n_a_n_a",
    "hyphen inside": "ban-ana",
    "stretched": "baaaanana",
    "doubled": "bannana",
    "zero width": "b\N{ZERO WIDTH SPACE}anan\N{ZERO WIDTH NON-JOINER}a",
    "soft hyphen": "ban\N{SOFT HYPHEN}ana",
    "Cyrillic": "b\N{CYRILLIC SMALL LETTER A}n\N{CYRILLIC SMALL LETTER A}na",
    "Greek": "b\N{GREEK SMALL LETTER ALPHA}nana",
    "full width": "ｂａｎａｎａ",
    "mathematical": "𝐛𝐚𝐧𝐚𝐧𝐚",
    "accents": "bánänà",
    "struck through": "b̶a̶n̶a̶n̶a",
    "digits, dots and capitals": "B.4.N.4.N.4",
    "stretched digits": "b444nana",
}


@pytest.mark.parametrize("way", EVASIONS)
def test_a_word_is_found_however_it_is_written_and_where_it_stands(way: str) -> None:
    text = f"eat this {EVASIONS[way]} today"
    assert find_toxic(text, stand_ins) == [(9, 9 + len(EVASIONS[way]))]


@pytest.mark.parametrize("text", ["he1lo", "he!lo", "he|lo", "he11o", "HE!!O"])
def test_what_stands_for_i_or_l_is_read_as_either(text: str) -> None:
    assert find_toxic(text, stand_ins) == [(0, len(text))]


@pytest.mark.parametrize(
    "text",
    ["he hem p", "bandana", "bananas", "hem p", "ban ana", "hell o", "I a m", "4774", "hem, p", "blow, cup", "!!!"],
)
def test_clean_text_stays_clean(text: str) -> None:
    assert find_toxic(text, stand_ins) == []


def test_an_exclamation_mark_at_the_end_is_no_letter() -> None:
    assert find_toxic("b4nana!", stand_ins) == [(0, 6)]


def test_plain_text_has_one_view() -> None:
    assert [view.text for view in views("a red lamp, 3 cups")] == ["a red lamp, 3 cups"]


def test_numbers_are_not_spelled_as_letters() -> None:
    assert [view.text for view in views("455")] == ["455"]


def test_one_character_may_stand_for_several() -> None:
    assert find_toxic("\N{LATIN SMALL LIGATURE FI}ne banana", stand_ins) == [(4, 10)]
    assert ("fine", (0, 0, 1, 2)) in [(view.text, view.origin) for view in views("\N{LATIN SMALL LIGATURE FI}ne")]
