"""Text scores against hand-counted examples, and the chance floor that a reader of the figures must know."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.metrics import character_precision_recall, corpus_f1, score_texts

WORDS = [
    *["age", "air", "art", "bag", "bed", "bus", "car", "cup", "day", "dog", "eye", "fun", "hat", "job", "key", "sun"],
    *["ball", "book", "cake", "door", "fish", "gold", "hand", "king", "lamp", "milk", "park", "rain", "ship", "tree"],
    *["apple", "bread", "chair", "dream", "flame", "house", "juice", "light", "music", "night", "ocean", "queen"],
    *["river", "stone", "voice", "water", "bridge", "castle", "forest", "garden", "kitchen", "letter", "market"],
    *["number", "rabbit", "school", "ticket", "window", "yellow", "summer"],
]


def naive_edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        previous, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        ("stop", "stop", (1, 1)),
        ("STOP", "stop", (1, 1)),
        ("pots", "stop", (1, 1)),
        ("", "stop", (0, 0)),
        ("aab", "abb", (2 / 3, 2 / 3)),
        ("st op", "stop", (4 / 5, 1)),
        ("no way", "no\nway", (1, 1)),
        ("xyz", "stop", (0, 0)),
    ],
)
def test_character_precision_and_recall(prediction: str, truth: str, expected: tuple[float, float]) -> None:
    assert character_precision_recall(prediction, truth) == pytest.approx(expected)


def test_an_empty_truth_is_refused() -> None:
    with pytest.raises(InputError, match="at least one character"):
        character_precision_recall("stop", "")


def test_identical_texts() -> None:
    scores = score_texts(["stop", "Exit here"], ["stop", "exit here"])
    assert (scores.f1, scores.sorted_accuracy, scores.word_accuracy, scores.levenshtein) == (1, 1, 1, 0)


def test_f1_comes_from_mean_precision_and_mean_recall() -> None:
    # Image 1 has P 1 and R 1/4, image 2 has P 1/4 and R 1: each has F1 0.4, but both means are 5/8.
    pairs = [("s", "stop"), ("that", "h")]
    assert [character_precision_recall(*pair) for pair in pairs] == [(1, 0.25), (0.25, 1)]
    scores = score_texts([a for a, _ in pairs], [b for _, b in pairs])
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((5 / 8, 5 / 8, 5 / 8))
    per_image = [corpus_f1(np.array([p]), np.array([r])) for p, r in [(1, 0.25), (0.25, 1)]]
    assert np.mean(per_image) == pytest.approx(0.4)


def test_nothing_matched_scores_zero() -> None:
    scores = score_texts(["", "xyz"], ["stop", "bread"])
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)
    assert scores.levenshtein == (4 + 5) / 2


def test_order_and_blanks() -> None:
    scores = score_texts(["pots", " STOP ", "st op"], ["stop"] * 3)
    assert scores.sorted_accuracy == 1
    assert scores.word_accuracy == pytest.approx(1 / 3)


def test_chance_floor_of_unrelated_words() -> None:
    assert len(set(WORDS)) == len(WORDS) >= 55
    predictions, truths = zip(*permutations(WORDS, 2), strict=True)
    pairs = np.array([character_precision_recall(a, b) for a, b in zip(predictions, truths, strict=True)])
    floor = float(corpus_f1(pairs[:, 0], pairs[:, 1]))
    assert 0.15 < floor < 0.35


def test_edit_distance_equals_the_textbook_on_long_stray_text() -> None:
    rng = np.random.default_rng(0)
    for length in (0, 1, 7, 40, 150):
        prediction = "".join(rng.choice(list("stopex "), length))
        assert score_texts([prediction], ["stop"]).levenshtein == naive_edit_distance(prediction, "stop")


def test_corpus_f1_is_vectorised_over_resamples() -> None:
    rng = np.random.default_rng(1)
    precisions, recalls = rng.random((2, 3, 5, 8))
    precisions[0, 0] = recalls[0, 0] = 0
    values = corpus_f1(precisions, recalls)
    p, r = precisions[1, 2].mean(), recalls[1, 2].mean()
    assert values.shape == (3, 5)
    assert values[0, 0] == 0
    assert values[1, 2] == pytest.approx(2 * p * r / (p + r))
    np.testing.assert_allclose(corpus_f1(np.moveaxis(precisions, -1, 0), np.moveaxis(recalls, -1, 0), axis=0), values)


@pytest.mark.parametrize(
    ("predictions", "truths"), [([], []), (["a"], ["a", "b"]), ("ab", ["a", "b"])], ids=["none", "lengths", "string"]
)
def test_unpaired_texts_are_refused(predictions: list[str], truths: list[str]) -> None:
    with pytest.raises(InputError, match="equally long lists"):
        score_texts(predictions, truths)


def test_corpus_f1_refuses_other_shapes() -> None:
    with pytest.raises(InputError, match="one shape"):
        corpus_f1(np.zeros(3), np.zeros(4))
