"""Detectors: the registry, any function, and the list of better-profanity, whose words are read at run time."""

from __future__ import annotations

import pytest

from tests.guard.found_sets import stand_ins
from workbench.errors import InputError
from workbench.glyph.captions import WORDS
from workbench.guard import detector as detectors
from workbench.guard.detector import (
    BetterProfanity,
    find_toxic,
    list_detectors,
    mask,
    mask_toxic,
    open_detector,
    register_detector,
)
from workbench.guard.rewrite import HARMLESS

CLEAN = ["Scunthorpe", "assess", "class", "classic", "cocktail", "the pen is red", "bass", "analysis", "Essex", "as is"]


@pytest.fixture(scope="module")
def listed() -> list[str]:
    return [word for word in BetterProfanity().words() if word.isalpha()][::40]


def test_listed_words_are_found_whole_and_nothing_else(listed: list[str]) -> None:
    found = {word: find_toxic(f"now {word.upper()} here", open_detector()) for word in listed}
    assert len(listed) > 15
    assert found == {word: [(4, 4 + len(word))] for word in listed}


def test_listed_phrases_are_found_whole() -> None:
    phrases = [word for word in BetterProfanity().words() if " " in word and word.replace(" ", "").isalpha()]
    assert phrases
    for phrase in phrases:
        assert (0, len(phrase)) in find_toxic(phrase, open_detector())


@pytest.mark.parametrize("text", CLEAN)
def test_clean_words_with_toxic_parts_are_left_alone(text: str) -> None:
    assert find_toxic(text, open_detector()) == []


def test_the_words_of_the_glyph_models_and_the_replacements_are_clean() -> None:
    detector = open_detector()
    assert [word for word in (*WORDS, *HARMLESS) if find_toxic(word, detector)] == []


def test_a_function_is_a_detector() -> None:
    assert open_detector(stand_ins) is stand_ins
    assert find_toxic("hello and Banana", stand_ins) == [(0, 5), (10, 16)]


def test_overlapping_spans_are_merged() -> None:
    assert find_toxic("abcdef", lambda _: [(0, 3), (2, 5)]) == [(0, 5)]
    assert find_toxic("abcdef", lambda _: [(0, 3), (3, 5)]) == [(0, 3), (3, 5)]


@pytest.mark.parametrize("span", [(-1, 2), (2, 2), (3, 1), (0, 99)])
def test_spans_outside_the_text_are_refused(span: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="spans"):
        find_toxic("hello", lambda _: [span])


def test_detectors_are_registered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors._DETECTORS, "_entries", dict(detectors._DETECTORS._entries))
    register_detector("stand-ins")(lambda: stand_ins)
    assert open_detector("stand-ins") is stand_ins
    assert "stand-ins" in list_detectors()
    for taken in ("stand-ins", "Upper"):
        with pytest.raises(InputError, match="lower-case"):
            register_detector(taken)
    with pytest.raises(InputError, match="better-profanity"):
        open_detector("none of these")


def test_masks_show_the_first_letter_alone() -> None:
    assert mask("banana") == "b....."
    assert mask("") == ""
    assert mask_toxic("a BANANA, hello!", stand_ins) == "a B....., h....!"
