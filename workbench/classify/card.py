"""What a classifier's folder says about it: `classifier.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from workbench.classify.clean import cleaning_of
from workbench.errors import InputError

FILE: Final = "classifier.json"
PREFIX: Final = "classification: "


@dataclass(frozen=True)
class Card:
    """A classifier's description.

    Args:
        kind: registered name of its kind.
        labels: names, in the order of the scores.
        max_tokens: most tokens of a text, prefix and end mark included.
        cleaning: how raw text is cleaned, `hat5` or `none`.
        answers: for a text-to-text model what it answers for each label; empty for other kinds.
        prefix: what such a model reads before the text.
        network: sizes of a network of this library; empty where the folder has a configuration of its own.
        metrics: figures on held-out data.
        training: data, settings and versions it was trained with.
    """

    kind: str
    labels: tuple[str, ...]
    max_tokens: int
    cleaning: str = "hat5"
    answers: tuple[str, ...] = ()
    prefix: str = ""
    network: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for names, what in ((self.labels, "labels"), (self.answers, "label strings")):
            if len(set(names)) != len(names) or not all(names):
                raise InputError(f"{what} that differ and are not empty", str(list(names)), "rename them")
        if len(self.labels) < 2:
            raise InputError("at least two labels", str(list(self.labels)), "name every label")
        if self.answers and len(self.answers) != len(self.labels):
            raise InputError("one label string for each label", str(list(self.answers)), "give as many")
        cleaning_of(self.cleaning)

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a folder.

        Raises:
            InputError: the file is not a card.
        """
        try:
            data = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(**{**data, "labels": tuple(data["labels"]), "answers": tuple(data.get("answers", ()))})
        except (ValueError, TypeError, KeyError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"a {FILE} that `workbench classify train` wrote",
                f"{str(folder / FILE)!r}: {type(error).__name__}: {error}",
                "train the classifier again, or give `labels` for a checkpoint of another origin",
            ) from error

    def write(self, folder: Path) -> None:
        """Write the card into a folder."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
