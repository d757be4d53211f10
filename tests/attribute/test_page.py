"""The page and its figures: whole in themselves, escaped, masked, and readable without colour."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from tests.attribute.conftest import TEXTS
from workbench import Attribution, attribute, compare_methods
from workbench.attribute.page import write_page
from workbench.attribute.result import TextAttribution
from workbench.attribute.strips import token_cells, word_cells
from workbench.attribute.words import masked, merge_words
from workbench.classify.tokens import TokenClassifier
from workbench.guard.detector import BetterProfanity

LOADS = re.compile(r"""<(?:script|link|iframe|object)|(?:src|srcset)=["'](?!data:)|url\(""")
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def listed() -> str:
    return next(word for word in BetterProfanity().words() if len(word) == 4 and word.isalpha())


@pytest.fixture
def made() -> TextAttribution:
    """A made-up result with every sign on it."""
    return TextAttribution(
        text="abc de f",
        tokens=("▁ab", "c", "▁de", "▁f", "</s>"),
        spans=((0, 2), (2, 3), (4, 6), (7, 8), (0, 0)),
        scores=(1.0, 1.0, -1.5, 0.01, 0.0),
        target="x",
        prediction="x",
        probabilities={"x": 0.7, "y": 0.3},
        at_input=0.5,
        at_baseline=0.0,
        forward=3,
        backward=2,
    )


def test_tokens_are_summed_to_words(made: TextAttribution) -> None:
    assert [(word.text, word.score) for word in made.words] == [("abc", 2.0), ("de", -1.5), ("f", 0.01)]


def test_whitespace_counts_for_the_word_after_it() -> None:
    spans = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    words = merge_words("a  b ", spans, [1, 2, 4, 8, 16])
    assert [(word.text, word.span, word.score) for word in words] == [("a", (0, 1), 1), ("b", (3, 4), 30)]


def test_words_hold_what_the_tokens_of_the_text_hold(neural: TokenClassifier) -> None:
    for text in attribute(neural, [*TEXTS, "Hello, you  NICE lamp!!"], nodes=3):
        assert sum(word.score for word in text.words) == pytest.approx(sum(text.scores), abs=1e-5)
        assert [word.text for word in text.words] == text.text.split()


def test_strips_are_readable_without_colour(made: TextAttribution) -> None:
    cells = word_cells(made)
    assert [(cell.mark, cell.level, cell.strong) for cell in cells] == [
        ("+", 10, True),
        ("−", -8, True),
        ("", 0, False),
    ]
    assert [cell.text for cell in token_cells(made)] == list(made.tokens)


def test_toxic_words_are_masked_unless_they_are_to_be_shown(
    learnt: TokenClassifier, listed: str, tmp_path: Path
) -> None:
    result = attribute(learnt, [f"you {listed} lamp", "a table"])
    hidden = listed[0] + "..."
    assert masked(f"you {listed} lamp") == f"you {hidden} lamp"
    html = write_page(result, tmp_path / "masked").read_text(encoding="utf-8")
    assert listed not in html and hidden in html
    assert listed not in repr(result) + result._repr_html_()
    assert listed in write_page(result, tmp_path / "shown", show_words=True).read_text(encoding="utf-8")


def test_pieces_of_a_toxic_word_are_masked(t5: TokenClassifier, listed: str) -> None:
    text = attribute(t5, f"a {listed}", "random")[0]
    inside = [piece for piece, span in zip(text.pieces(), text.spans, strict=True) if span != (0, 0)]
    assert inside == ["a", " ", listed[0], ".", ".", "."]
    assert text.pieces(show_words=True) == text.tokens


def test_hostile_texts_and_names_are_escaped(learnt: TokenClassifier, tmp_path: Path) -> None:
    result = attribute(learnt, [f"lamp {EVIL} table", "rotten lamp"], nodes=3)
    hostile = replace(result, model=EVIL, texts=tuple(replace(text, layer=EVIL) for text in result))
    html = write_page(hostile, tmp_path).read_text(encoding="utf-8")
    for page in (html, hostile._repr_html_()):
        assert EVIL not in page
        assert EVIL in unescape(page)


def test_the_page_is_whole_in_itself(learnt: TokenClassifier, tmp_path: Path) -> None:
    result = attribute(learnt, TEXTS, bound=0.001)
    folder = tmp_path / "new" / "folder"
    html = write_page(result, folder).read_text(encoding="utf-8")
    assert not LOADS.search(html)
    assert html.count('class="strip words"') == html.count('class="strip tokens"') == len(TEXTS)
    assert 'type="checkbox"' in html
    for text in result:
        assert f"gap {text.gap:.2%}" in html
    assert "Top words" in html
    names = {path.name for path in folder.iterdir()}
    assert names == {"attribution.html", "attribution.json", "attribution.png", "convergence.png"}
    assert Attribution.load(folder / "attribution.json") == result
    with Image.open(folder / "attribution.png") as picture:
        assert picture.width == 2100


def test_layers_of_a_text_stand_together(t5: TokenClassifier, tmp_path: Path) -> None:
    result = attribute(t5, ["ab", "ab"], "layer_ig", nodes=3)
    html = write_page(result, tmp_path).read_text(encoding="utf-8")
    assert html.count("<h3>") == 2
    assert html.count("<dt>encoder.block.1</dt>") == 2
    assert not (tmp_path / "convergence.png").exists()


def test_methods_of_a_comparison_stand_together(learnt: TokenClassifier, tmp_path: Path) -> None:
    result = compare_methods(learnt, TEXTS, ["ig", "random"], target="rude", spans=[[(7, 13)], [], []])
    html = write_page(result, tmp_path).read_text(encoding="utf-8")
    assert html.count("<h3>") == len(TEXTS)
    assert html.count("<dt>Random</dt>") == len(TEXTS)
    assert "word_list" in html
    for score in result.scores:
        assert f"<td>{score.token_f1:.3f}</td>" in html
    assert json.loads((tmp_path / "attribution.json").read_text())["target"] == "rude"


def test_top_words_are_means_over_the_texts(made: TextAttribution) -> None:
    twice = replace(
        made, text="DE, de f", scores=(0.0, 2.0, 4.0, 1.0, 0.0), spans=((0, 1), (1, 3), (4, 6), (7, 8), (0, 0))
    )
    table = Attribution("m", ("x", "y"), "ig", "pad", {}, (made, twice)).top_words(least=2)
    assert table.values.tolist() == [["x", "de", 3, pytest.approx(1.5)], ["x", "f", 2, pytest.approx(0.505)]]
