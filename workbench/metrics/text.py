"""Compare what an image says with what it should say.

The published "OCR F1" counts characters, not words: two unrelated English words still share letters and score
0.2 to 0.3. Read it beside `word_accuracy`, which is zero for a wrong word.

Source: the evaluation code of arXiv 2502.09935 (`src/eval/ocr_eval.py`, `src/eval/text_distance.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError


@dataclass(frozen=True)
class TextScores:
    """Scores of a set of readings; the first five lie in 0..1, higher is better.

    Attributes:
        precision: mean over images of the share of read characters that the truth has.
        recall: mean over images of the share of the truth's characters that were read.
        f1: harmonic mean of `precision` and `recall`, so not the mean of per-image F1.
        sorted_accuracy: share of images whose characters are the truth's in any order, blanks left out.
        word_accuracy: share of images that read as the truth, ignoring case and surrounding blanks.
        levenshtein: mean edit distance in characters, ignoring case, not normalised; 0 is best.
    """

    precision: float
    recall: float
    f1: float
    sorted_accuracy: float
    word_accuracy: float
    levenshtein: float


def _characters(text: str) -> Counter[str]:
    """Count lower-cased characters; every kind of blank counts as a space."""
    return Counter(" " if character.isspace() else character for character in text.lower())


def character_precision_recall(prediction: str, truth: str) -> tuple[float, float]:
    """Return the precision and the recall of a reading's characters, in any order, ignoring case.

    Spaces count as characters. An empty prediction has precision 0 and recall 0.

    Raises:
        InputError: the truth is empty, which leaves recall undefined.

    Example:
        >>> character_precision_recall("Top", "stop")
        (1.0, 0.75)
    """
    if not truth:
        raise InputError("a truth of at least one character", "''", "leave out images that should have none")
    read, wanted = _characters(prediction), _characters(truth)
    matched = (read & wanted).total()
    return matched / max(read.total(), 1), matched / wanted.total()


def corpus_f1(precisions: np.ndarray, recalls: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the harmonic mean of mean precision and mean recall, 0 where both are 0.

    Args:
        precisions: per-image precisions in 0..1; any shape, for example [resample, image].
        recalls: per-image recalls of the same shape.
        axis: the axis of the images, over which the means are taken.

    Returns:
        float64, the input's shape without `axis`; a zero-dimensional array for one-dimensional input.

    Raises:
        InputError: the shapes differ or there are no images.
    """
    precisions, recalls = np.asarray(precisions, dtype=np.float64), np.asarray(recalls, dtype=np.float64)
    if precisions.shape != recalls.shape or precisions.size == 0:
        raise InputError(
            "precisions and recalls of one shape with at least one image",
            f"{list(precisions.shape)} and {list(recalls.shape)}",
            "pass one value of each per image",
        )
    precision, recall = precisions.mean(axis=axis), recalls.mean(axis=axis)
    total = np.asarray(precision + recall)
    f1: np.ndarray = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return f1


def score_texts(predictions: Sequence[str], truths: Sequence[str]) -> TextScores:
    """Score readings against the words that the images should show.

    Args:
        predictions: what was read, one string per image.
        truths: what should be read, one non-empty string per image.

    Raises:
        InputError: the lengths differ, there are no images, or a truth is empty.

    Example:
        >>> score_texts(["Stop", ""], ["stop", "exit"]).word_accuracy
        0.5
    """
    if isinstance(predictions, str) or isinstance(truths, str) or len(predictions) != len(truths) or not predictions:
        raise InputError(
            "two equally long lists of at least one string",
            f"{predictions!r:.60} and {truths!r:.60}",
            "pass one prediction and one truth per image",
        )
    pairs = list(zip(predictions, truths, strict=True))
    precisions, recalls = np.array([character_precision_recall(*pair) for pair in pairs]).T
    return TextScores(
        precision=float(precisions.mean()),
        recall=float(recalls.mean()),
        f1=float(corpus_f1(precisions, recalls)),
        sorted_accuracy=float(np.mean([_sorted_letters(a) == _sorted_letters(b) for a, b in pairs])),
        word_accuracy=float(np.mean([a.strip().lower() == b.strip().lower() for a, b in pairs])),
        levenshtein=_mean_edit_distance(pairs),
    )


def _sorted_letters(text: str) -> list[str]:
    """Return the characters without blanks: the published code joins them after stripping each."""
    return sorted("".join(text.lower().split()))


def _mean_edit_distance(pairs: Sequence[tuple[str, str]]) -> float:
    from torchmetrics.functional.text import edit_distance

    return float(edit_distance([a.lower() for a, _ in pairs], [b.lower() for _, b in pairs]))
