"""Kinds of classifiers by name; each is one file in `workbench.classify.kinds`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from workbench.classify.card import Card
from workbench.classify.classifier import Classifier
from workbench.registry import Registry

if TYPE_CHECKING:
    from workbench.classify.lesson import Lesson
    from workbench.classify.loop import Epochs
    from workbench.classify.settings import ClassifierSettings


class StoredClassifier(Classifier):
    """A classifier that can be made from texts, written to a folder and read from there.

    Args:
        name: as it was opened.
        card: its description.

    `usual` holds the settings that differ from those of `ClassifierSettings` unless the user gives others.
    """

    kind: ClassVar[str]
    from_scratch: ClassVar[str | None]
    usual: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, name: str, card: Card) -> None:
        self.name, self.card, self.labels = name, card, card.labels

    @classmethod
    @abstractmethod
    def create(
        cls, texts: Sequence[str], labels: Sequence[str], settings: ClassifierSettings, source: str | None
    ) -> StoredClassifier:
        """Make an untrained classifier whose vocabulary comes from the texts.

        Args:
            texts: raw texts of the training split.
            labels: the labels' names.
            settings: sizes, cleaning and so on.
            source: checkpoint to start from, a folder or hub id; nothing starts from scratch.
        """

    @abstractmethod
    def fit(self, lesson: Lesson) -> Epochs:
        """Learn from labelled texts."""

    @classmethod
    @abstractmethod
    def load(cls, folder: str, name: str, card: Card) -> StoredClassifier:
        """Read a classifier's weights, from safetensors only, and vocabulary; the folder may be a hub id."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write weights, vocabulary and card into an existing folder."""


Kind = TypeVar("Kind", bound=type[StoredClassifier])
_KINDS: Registry[type[StoredClassifier]] = Registry("kind of classifier", "workbench.classify.kinds")


def register_kind(name: str, *, from_scratch: str | None) -> Callable[[Kind], Kind]:
    """Return a decorator that registers a class of classifiers.

    Args:
        name: what its cards carry.
        from_scratch: what to ask for when training one without a checkpoint; None if it needs one.

    Raises:
        InputError: the name is not lower-case or is taken.
    """
    keep = _KINDS.register(name)

    def register(kind: Kind) -> Kind:
        kind.kind, kind.from_scratch = name, from_scratch
        return keep(kind)

    return register


def list_kinds() -> list[str]:
    """Return the registered names in alphabetical order."""
    return _KINDS.names()


def kinds_from_scratch() -> dict[str, type[StoredClassifier]]:
    """Return the classes that can be trained without a checkpoint, by the name to ask for."""
    kinds = map(kind_of, list_kinds())
    return {kind.from_scratch: kind for kind in kinds if kind.from_scratch is not None}


def kind_of(name: str) -> type[StoredClassifier]:
    """Return the class registered under a name.

    Raises:
        InputError: there is none of this name.
    """
    return _KINDS[name]
