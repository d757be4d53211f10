"""Score a classifier on labelled texts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from workbench.classify.classifier import Classifier
from workbench.classify.data import LabelledTexts
from workbench.classify.scores import ClassifierScores, ClassScore, FunctionScore
from workbench.errors import InputError


def evaluate_classifier(
    classifier: Classifier, data: LabelledTexts, *, mapping: Mapping[str, str] | None = None
) -> ClassifierScores:
    """Decide every text and compare with its label.

    Args:
        classifier: any classifier.
        data: labelled texts; those the classifier cannot read are left out and counted.
        mapping: what each of the classifier's labels means in the data, such as `{"hate": "hateful", "offensive":
            "non-hateful", "neither": "non-hateful"}`; needed only where the names differ.

    Raises:
        InputError: the labels differ and no mapping tells how, or no text can be read.
    """
    meaning = _meaning(classifier.labels, data.labels, mapping)
    start = time.monotonic()
    readable = [place for place, text in enumerate(data.texts) if classifier.refusal(text) is None]
    if not readable:
        raise InputError("at least one text that the classifier can read", "none", "give other data")
    kept = data.take(readable)
    predictions = classifier.predict(kept.texts)
    decided = [meaning[prediction.label] for prediction in predictions]
    places = range(len(data.labels))
    precision, recall, f1, texts = precision_recall_fscore_support(
        kept.targets, decided, labels=places, zero_division=0
    )
    columns = zip(data.labels, precision.tolist(), recall.tolist(), f1.tolist(), texts.tolist(), strict=True)
    return ClassifierScores(
        model=classifier.name,
        data=data.name,
        macro_f1=float(f1.mean()),
        weighted_f1=float((f1 * texts).sum() / texts.sum()),
        accuracy=_share(kept.targets, decided),
        per_class=tuple(ClassScore(*column) for column in columns),
        confusion=tuple(map(tuple, confusion_matrix(kept.targets, decided, labels=places).tolist())),
        out_of_class=sum(prediction.out_of_class for prediction in predictions) / len(predictions),
        texts=len(kept),
        left_out=len(data) - len(kept),
        functions=_functions(kept, decided),
        seconds=time.monotonic() - start,
    )


def _meaning(own: Sequence[str], labels: Sequence[str], mapping: Mapping[str, str] | None) -> dict[str, int]:
    """Return for each label of the classifier the index of the data's label it stands for."""
    given = dict(mapping) if mapping is not None else {label: label for label in own}
    if set(given) != set(own) or not set(given.values()) <= set(labels):
        example = ",".join(f"{label}={labels[min(place, len(labels) - 1)]}" for place, label in enumerate(own))
        raise InputError(
            f"the classifier's labels ({', '.join(own)}) among those of the data ({', '.join(labels)})",
            "other ones" if mapping is None else str(given),
            f"map each of them, as in --map {example}",
        )
    return {label: list(labels).index(meant) for label, meant in given.items()}


def _functions(data: LabelledTexts, decided: Sequence[int]) -> tuple[FunctionScore, ...]:
    """Return the accuracy of each functional test, in the order of the data."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, (tested, target) in enumerate(zip(data.functionality or (), data.targets, strict=False)):
        groups[tested, target].append(place)
    return tuple(
        FunctionScore(
            tested, data.labels[target], _share([target] * len(places), [decided[p] for p in places]), len(places)
        )
        for (tested, target), places in groups.items()
    )


def _share(true: Sequence[int], decided: Sequence[int]) -> float:
    return sum(one == other for one, other in zip(true, decided, strict=True)) / len(true)
