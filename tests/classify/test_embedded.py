"""The embedded classifiers: small, described, and better than chance on words nobody disputes."""

from __future__ import annotations

from collections import Counter

import pytest

from workbench.classify.open import list_classifiers, open_classifier
from workbench.classify.tokens import TokenClassifier
from workbench.guard.detector import BetterProfanity
from workbench.models.open import EMBEDDED, list_models

NAMES = list_classifiers()
THINGS = "table chair house river cloud apple stone train bread spoon".split()
HARMLESS = ("what a lovely lamp on the table", "the train to the city leaves at noon", "i baked bread with my sister")
MOST_BYTES = 8_000_000


def test_they_are_listed_beside_the_image_models() -> None:
    assert "hate-bilstm" in NAMES
    assert not set(NAMES) & {card.name for card in list_models()}


@pytest.mark.parametrize("name", NAMES)
def test_a_classifier_is_small_and_described(name: str) -> None:
    files = [path for path in (EMBEDDED / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert {path.suffix for path in files} == {".json", ".md", ".safetensors"}
    classifier = open_classifier(name)
    assert isinstance(classifier, TokenClassifier)
    text = (EMBEDDED / name / "README.md").read_text(encoding="utf-8")
    for figure in ("macro_f1", "weighted_f1"):
        assert f"{classifier.card.metrics[figure]:.3f}" in text
    assert classifier.labels == ("hate", "offensive", "neither")


@pytest.mark.parametrize("name", NAMES)
def test_a_classifier_tells_swear_words_it_has_met_from_bread(name: str) -> None:
    met = open_classifier("hate-bilstm").tokenizer.get_vocab()
    swear = [word for word in BetterProfanity().words() if word in met]
    classifier = open_classifier(name)
    assert [decision.label for decision in classifier.predict(HARMLESS)] == ["neither"] * len(HARMLESS)
    shares = []
    for words in (swear, THINGS):
        decided = Counter(decision.label for decision in classifier.predict([f"this is a {word}" for word in words]))
        shares.append(1 - decided["neither"] / len(words))
    assert shares[0] > 0.25 > 0.1 > shares[1]
