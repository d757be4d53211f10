"""What a classifier learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.classify.data import LabelledTexts
from workbench.classify.loop import TrainingProgress
from workbench.classify.settings import ClassifierSettings


@dataclass(frozen=True)
class Lesson:
    """One training.

    Args:
        source: checkpoint that the classifier started from; None from scratch.
        train, validation: labelled texts.
        unlabelled: further texts to pre-train on.
        settings: of the training.
        seed: decides everything random.
        folder: for checkpoints; it exists.
        identity: hash of everything that decides the training.
        on_progress: called after each step.
    """

    source: str | None
    train: LabelledTexts
    validation: LabelledTexts
    unlabelled: tuple[str, ...]
    settings: ClassifierSettings
    seed: int
    folder: Path
    identity: str
    on_progress: Callable[[TrainingProgress], None] | None = None
