"""Scores: counted by hand on a classifier whose decisions are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from workbench.classify.classifier import Classifier, Prediction
from workbench.classify.data import LabelledTexts
from workbench.classify.evaluate import evaluate_classifier
from workbench.classify.scores import ClassifierScores
from workbench.errors import InputError


class Echo(Classifier):
    """Decides for the label that is the text's first letter; a question mark makes it out of class."""

    name = "<echo>"
    labels = ("a", "b", "c")

    def refusal(self, text: str) -> InputError | None:
        return InputError("a text", "none", "give one") if not text.strip() else None

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Prediction(text[0], (1.0, 0.0, 0.0), out_of_class="?" in text) for text in texts]


DATA = LabelledTexts("made-up", ("a1", "a2", "b1?", "b2", "c1", "  "), (0, 0, 0, 1, 2, 1), ("a", "b", "c"))


def test_figures_are_those_counted_by_hand() -> None:
    scores = evaluate_classifier(Echo(), DATA)
    assert scores.confusion == ((2, 1, 0), (0, 1, 0), (0, 0, 1))
    assert [one.f1 for one in scores.per_class] == pytest.approx([0.8, 2 / 3, 1.0])
    assert scores.macro_f1 == pytest.approx((0.8 + 2 / 3 + 1) / 3)
    assert scores.weighted_f1 == pytest.approx((3 * 0.8 + 2 / 3 + 1) / 5)
    assert scores.accuracy == pytest.approx(4 / 5)
    assert scores.out_of_class == pytest.approx(1 / 5)
    assert (scores.texts, scores.left_out) == (5, 1)


def test_labels_of_other_names_are_mapped_or_refused() -> None:
    data = LabelledTexts("made-up", ("a1", "b1", "c1"), (0, 1, 1), ("fine", "bad"))
    with pytest.raises(InputError, match="--map a=fine,b=bad,c=bad"):
        evaluate_classifier(Echo(), data)
    with pytest.raises(InputError, match="map each"):
        evaluate_classifier(Echo(), data, mapping={"a": "fine"})
    with pytest.raises(InputError, match="map each"):
        evaluate_classifier(Echo(), data, mapping={"a": "fine", "b": "bad", "c": "worse"})
    assert evaluate_classifier(Echo(), data, mapping={"a": "fine", "b": "bad", "c": "bad"}).macro_f1 == 1


def test_functional_tests_are_tabulated() -> None:
    data = LabelledTexts(
        "hatecheck", ("a1", "b1", "b2", "c1"), (0, 0, 1, 2), ("a", "b", "c"), None, ("slur", "slur", "negation", "slur")
    )
    table = evaluate_classifier(Echo(), data).functional_table()
    assert table.to_numpy().tolist() == [["slur", "a", 0.5, 2], ["negation", "b", 1.0, 1], ["slur", "c", 1.0, 1]]
    assert evaluate_classifier(Echo(), DATA).functional_table().empty


def test_scores_are_saved_and_shown(tmp_path: Path) -> None:
    scores = evaluate_classifier(Echo(), DATA)
    scores.save(tmp_path / "scores.json")
    assert ClassifierScores.load(tmp_path / "scores.json") == scores
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]
    assert "macro F1 0.822" in repr(scores) and "1 left out" in repr(scores)
    assert "<echo>" not in scores._repr_html_() and "&lt;echo&gt;" in scores._repr_html_()
    assert scores.to_dataframe()["as b"].tolist() == [1, 1, 0]


def test_nothing_to_decide_is_refused() -> None:
    with pytest.raises(InputError, match="at least one text"):
        evaluate_classifier(Echo(), DATA.take([5]))
