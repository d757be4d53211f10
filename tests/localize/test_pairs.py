"""Prompt pairs: made, read from files, and refused when they say nothing."""

from __future__ import annotations

import pytest

from workbench.errors import InputError
from workbench.glyph.captions import is_held_out
from workbench.localize.localize import plan
from workbench.localize.pairs import Pair, make_pairs, quoted_text, read_pairs
from workbench.models.cards import EMBEDDED


def test_made_pairs_differ_in_the_word_alone_and_use_held_out_words():
    pairs = make_pairs(20, embedded=True)
    assert len({pair.source_text for pair in pairs} | {pair.target_text for pair in pairs}) == 40
    for pair in pairs:
        assert pair.source.replace(pair.source_text, "") == pair.target.replace(pair.target_text, "")
        assert not set(pair.source_text) & set(pair.target_text)
        assert is_held_out(pair.source_text)
        assert is_held_out(pair.target_text)


def test_made_pairs_are_seeded():
    assert make_pairs(5, seed=1, embedded=True) == make_pairs(5, seed=1, embedded=True)
    assert make_pairs(5, seed=1, embedded=True) != make_pairs(5, seed=2, embedded=True)


def test_pairs_for_other_models_use_the_simplebench_prompt():
    for pair in make_pairs(30, embedded=False):
        assert pair.source == f'A sign that says "{pair.source_text}".'
        assert pair.source_text != pair.target_text


def test_quoted_text_understands_straight_and_curly_quotes():
    assert quoted_text('A sign that says "HELP" twice "NO"') == "HELP"
    assert quoted_text("A sign that says “HELP”") == "HELP"


@pytest.mark.parametrize("prompt", ["A sign", 'A sign that says ""', 'A sign that says "   "', ""])
def test_a_prompt_without_quoted_text_is_refused(prompt):
    with pytest.raises(InputError, match="double quotes"):
        Pair.of_prompts(prompt, 'A sign that says "A"')


def test_a_file_of_pairs_is_read_with_and_without_the_text_columns(tmp_path):
    full, short = tmp_path / "full.csv", tmp_path / "short.csv"
    full.write_text("source,target,source_text,target_text\na cup,a jug,CUP,JUG\n")
    short.write_text('source,target\n"A ""NA"" sign","A ""BE"" sign"\n')
    assert read_pairs(full) == [Pair("a cup", "a jug", "CUP", "JUG")]
    assert read_pairs(short) == [Pair('A "NA" sign', 'A "BE" sign', "NA", "BE")]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "readable CSV"),
        ("source,target,source_text,target_text\n", "no rows"),
        ("source\nA\n", "no column target"),
        ("source,target,source_text,target_text\na,b,,c\n", "source_text"),
        ("source,target\nno quotes,none\n", "double quotes"),
    ],
)
def test_bad_files_are_refused_with_what_was_wrong(tmp_path, text, match):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=match):
        read_pairs(path)


def test_a_missing_file_and_a_count_of_zero_are_refused(tmp_path):
    with pytest.raises(InputError, match="readable CSV"):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(InputError, match="at least one pair"):
        make_pairs(0, embedded=True)


def test_a_glyph_model_in_a_folder_gets_the_pairs_of_an_embedded_one():
    settings = [plan(name, 4)[2] for name in ("glyph-unet", EMBEDDED / "glyph-unet")]
    assert settings[0].pairs == settings[1].pairs == tuple(make_pairs(4, embedded=True))
