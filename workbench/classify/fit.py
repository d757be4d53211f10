"""Fit a network to labelled texts: class weights, a linear teacher's soft targets, pre-training, then the loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch

from workbench.classify.data import LabelledTexts
from workbench.classify.kinds.linear import LinearClassifier
from workbench.classify.lesson import Lesson
from workbench.classify.loop import Epochs, Loop, shuffled_batches
from workbench.classify.tokens import TokenClassifier, Tokens, batches_by_length
from workbench.errors import InputError

VALIDATION_BATCH: Final = 128


class Decisions:
    """The loss of a classifier's decisions.

    Args:
        classifier: the network.
        lesson: its texts and settings; those that are too long are left out.

    Raises:
        InputError: nothing is short enough.
    """

    def __init__(self, classifier: TokenClassifier, lesson: Lesson) -> None:
        settings = lesson.settings
        self.classifier, self.batch, self.seed = classifier, settings.batch, lesson.seed
        self.weights = class_weights(lesson.train.targets, len(lesson.train.labels), settings.balance)
        self.train, self.rows = readable(classifier, lesson.train)
        self.held, self.held_rows = readable(classifier, lesson.validation)
        self.targets = one_hot(self.train)
        if settings.teacher:
            linear = LinearClassifier.create((), classifier.labels, settings, None)
            taught = torch.from_numpy(linear.unseen(self.train.texts, self.train.targets)).float()
            self.targets = torch.lerp(self.targets, taught, settings.teacher)

    def steps(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-len(self.rows) // self.batch)

    def losses(self, epoch: int) -> Iterator[torch.Tensor]:
        """Yield the loss of each batch of an epoch."""
        lengths = [len(row.ids) for row in self.rows]
        for places in shuffled_batches(lengths, self.batch, self.seed, epoch):
            yield self._loss(self.rows, places, self.targets, self.train.targets)

    def validation(self) -> float:
        """Return the mean loss on the validation split, with true labels and class weights."""
        truth, total, weight = one_hot(self.held), 0.0, 0.0
        for places in batches_by_length([len(row.ids) for row in self.held_rows], VALIDATION_BATCH):
            share = float(sum(self.weights[self.held.targets[place]] for place in places))
            total += share * float(self._loss(self.held_rows, places, truth, self.held.targets))
            weight += share
        return total / weight

    def _loss(
        self, rows: Sequence[Tokens], places: Sequence[int], targets: torch.Tensor, true: Sequence[int]
    ) -> torch.Tensor:
        classifier = self.classifier
        encoded = classifier.padded([rows[place] for place in places])
        weights = self.weights[[true[place] for place in places]]
        device = classifier.device
        return classifier.loss(
            classifier.embedding(encoded.ids), encoded.mask, targets[places].to(device), weights.to(device)
        )


def fit_network(classifier: TokenClassifier, lesson: Lesson) -> Epochs:
    """Train a network and leave the weights with the lowest validation loss in it.

    Raises:
        InputError: no text is short enough, or the loss is no longer finite.
        RefusedError: pre-training is asked for and this kind has none.
    """
    settings = lesson.settings
    classifier.module.to("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():
        torch.manual_seed(lesson.seed)
        if settings.pretraining:
            classifier.pretrain((*lesson.train.texts, *lesson.unlabelled), lesson)
        objective = Decisions(classifier, lesson)
    return Loop(
        classifier.module,
        objective,
        settings.epochs,
        settings.learning_rate,
        settings.warm_up,
        lesson.seed,
        lesson.folder / "training.pt",
        lesson.identity,
        f"seed {lesson.seed}",
        lesson.on_progress,
    ).run()


def readable(classifier: TokenClassifier, data: LabelledTexts) -> tuple[LabelledTexts, list[Tokens]]:
    """Return the texts that a classifier can read, and their tokens.

    Raises:
        InputError: there is none.
    """
    rows = list(map(classifier.tokens, data.texts))
    pairs = enumerate(zip(data.texts, rows, strict=True))
    kept = [place for place, (text, row) in pairs if classifier.refusal_of(text, row) is None]
    if not kept:
        raise InputError(f"texts of at most {classifier.max_tokens} tokens", "none", "raise max_tokens")
    return data.take(kept), [rows[place] for place in kept]


def class_weights(targets: Sequence[int], labels: int, power: float) -> torch.Tensor:
    """Return a weight for each label, float32: (texts / (labels x texts of the label)) ** power."""
    counts = np.bincount(targets, minlength=labels)
    return torch.from_numpy((len(targets) / (labels * np.maximum(counts, 1))) ** power).float()


def one_hot(data: LabelledTexts) -> torch.Tensor:
    """Return targets as probabilities, float32 [text, label]."""
    return torch.nn.functional.one_hot(torch.tensor(data.targets), len(data.labels)).float()
