"""The plain baseline: TF-IDF of words and word pairs, and a balanced logistic regression."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from workbench.classify.card import Card
from workbench.classify.classifier import Prediction
from workbench.classify.clean import cleaning_of
from workbench.classify.kind import StoredClassifier, register_kind
from workbench.classify.loop import Epochs
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.classify.lesson import Lesson
    from workbench.classify.settings import ClassifierSettings

WEIGHTS: Final = "model.safetensors"
TERMS: Final = "terms.json"
NO_LIMIT: Final = 1_000_000
FOLDS: Final = 5


@register_kind("linear", from_scratch="linear")
class LinearClassifier(StoredClassifier):
    """Logistic regression of scikit-learn on TF-IDF weights, stored as numbers and words, never as a pickle.

    Args:
        name: as it was opened.
        card: its description.

    `vectorizer` (texts to weights of words and pairs) and `regression` are unfitted at first.
    """

    def __init__(self, name: str, card: Card) -> None:
        super().__init__(name, card)
        self.vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        self.regression = LogisticRegression(class_weight="balanced", max_iter=1000)

    @classmethod
    def create(
        cls, texts: Sequence[str], labels: Sequence[str], settings: ClassifierSettings, source: str | None
    ) -> LinearClassifier:
        """Make an unfitted baseline; its vocabulary is learnt by `fit`."""
        return cls(cls.kind, Card(cls.kind, tuple(labels), NO_LIMIT, settings.cleaning))

    def fit(self, lesson: Lesson) -> Epochs:
        """Learn from the training and the validation split: nothing is chosen by validation here.

        Raises:
            InputError: no word occurs in two texts.
        """
        start = time.monotonic()
        targets = (*lesson.train.targets, *lesson.validation.targets)
        try:
            weights = self.vectorizer.fit_transform(self._clean((*lesson.train.texts, *lesson.validation.texts)))
        except ValueError as error:
            raise InputError("words that occur in two texts", str(error), "give more texts") from error
        self.regression.fit(weights, targets)
        return Epochs(seconds=time.monotonic() - start)

    def unseen(self, texts: Sequence[str], targets: Sequence[int]) -> np.ndarray:
        """Return the probability of each label, [text, label], each text's from a model fitted without it.

        Raises:
            InputError: a label with fewer than five texts.
        """
        if min(Counter(targets).values()) < FOLDS:
            raise InputError(f"at least {FOLDS} texts of every label", "fewer", "give more texts, or no teacher")
        both = make_pipeline(self.vectorizer, self.regression)
        return cross_val_predict(both, self._clean(texts), targets, cv=FOLDS, method="predict_proba")

    @classmethod
    def load(cls, folder: str, name: str, card: Card) -> LinearClassifier:
        """Read `model.safetensors` and `terms.json`."""
        classifier = cls(name, card)
        try:
            terms = json.loads((Path(folder) / TERMS).read_text(encoding="utf-8"))
            weights = load_file(Path(folder) / WEIGHTS)
            vectorizer = classifier.vectorizer.set_params(vocabulary={term: index for index, term in enumerate(terms)})
            vectorizer.idf_ = weights["idf"].astype(np.float64)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{WEIGHTS} and {TERMS}", f"{folder!r}: {error}", "train the classifier again") from error
        regression = classifier.regression
        regression.coef_, regression.intercept_ = weights["coefficients"], weights["intercepts"]
        regression.classes_ = np.arange(len(card.labels))
        return classifier

    def write(self, folder: Path) -> None:
        """Write numbers, words and card."""
        terms = self.vectorizer.get_feature_names_out().tolist()
        (folder / TERMS).write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        numbers = {
            "idf": self.vectorizer.idf_,
            "coefficients": self.regression.coef_,
            "intercepts": self.regression.intercept_,
        }
        save_file({name: np.ascontiguousarray(number) for name, number in numbers.items()}, folder / WEIGHTS)
        self.card.write(folder)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Decide each text.

        Raises:
            InputError: an empty text.
        """
        for text in texts:
            if (refusal := self.refusal(text)) is not None:
                raise refusal
        scores = self.probabilities(texts)
        return [Prediction(self.labels[int(row.argmax())], tuple(row.tolist())) for row in scores]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probability of each label, float64 [text, label]."""
        return self.regression.predict_proba(self.vectorizer.transform(self._clean(texts)))

    def refusal(self, text: str) -> InputError | None:
        """Say why a text cannot be decided; None if it can."""
        if cleaning_of(self.card.cleaning)(text).text.strip():
            return None
        return InputError(
            "a text with words", f"an empty text after the cleaning {self.card.cleaning!r}", "leave it out"
        )

    def _clean(self, texts: Sequence[str]) -> list[str]:
        clean = cleaning_of(self.card.cleaning)
        return [clean(text).text for text in texts]
