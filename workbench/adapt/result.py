"""The outcome of training an adapter."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.adapt.adapter import Adapter
from workbench.adapt.export import AdapterExport


@dataclass(frozen=True)
class Validation:
    """What the OCR engine read in sample images.

    Args:
        step: optimiser steps before.
        word_accuracy: share of images that read exactly as the text in double quotes of their prompt; None where no
            prompt has one.
        f1: F1 of characters as published, in 0..1; None likewise.
        images: files of the images, relative to the training's folder.
        texts: what was read in each image.
    """

    step: int
    word_accuracy: float | None
    f1: float | None
    images: tuple[str, ...]
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: dict[str, Any]) -> Validation:
        """Return a validation from plain data."""
        return cls(**{**data, "images": tuple(data["images"]), "texts": tuple(data.get("texts", ()))})


@dataclass(frozen=True)
class AdapterTraining:
    """An adapter's training.

    Args:
        model: name of the base model.
        sites: names of the trained sites; empty if targets were given by hand.
        export: the written adapter with the proof that it can be loaded.
        losses: mean squared error of each step.
        validations: by step, the first one before any training.
        settings: as given, the precision as chosen.
        seconds: time spent, interruptions left out.
        notes: what a user must know about the found set.
    """

    model: str
    sites: tuple[str, ...]
    export: AdapterExport
    losses: tuple[float, ...]
    validations: tuple[Validation, ...]
    settings: dict[str, Any]
    seconds: float
    notes: tuple[str, ...]

    @property
    def adapter(self) -> Adapter:
        """The trained adapter, read from its file."""
        return Adapter.load(self.export.adapter)

    @property
    def reading(self) -> str:
        """Word accuracy before and after, in words."""
        shares = [one.word_accuracy for one in self.validations if one.word_accuracy is not None]
        return f"{shares[0]:.0%} before, {shares[-1]:.0%} after" if shares else "no prompt had a text in quotes"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per step: step, loss, and where it was validated word accuracy and F1."""
        losses = pd.DataFrame({"step": range(1, len(self.losses) + 1), "loss": self.losses})
        checks = pd.DataFrame([asdict(one) for one in self.validations], columns=["step", "word_accuracy", "f1"])
        return losses.merge(checks, on="step", how="outer")

    def save(self, path: str | Path) -> None:
        """Write the outcome as JSON; the weights lie in the adapter's own file."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> AdapterTraining:
        """Read an outcome that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        validations = tuple(Validation.of(one) for one in data["validations"])
        export = AdapterExport(**{**data["export"], "targets": tuple(data["export"]["targets"])})
        lists = {name: tuple(data[name]) for name in ("sites", "losses", "notes")}
        return cls(**{**data, **lists, "validations": validations, "export": export})

    def __repr__(self) -> str:
        recent = self.losses[-max(1, len(self.losses) // 10) :]
        return (
            f"Training of {self.export.trainable_parameters:,} weights in {self.export.matched} modules of {self.model}"
            f"\n  {len(self.losses)} steps in {self.seconds:.0f} s, loss of the last tenth "
            f"{sum(recent) / len(recent):.4f}"
            f"\n  words read exactly: {self.reading}"
            f"\n  {self.export!r}" + "".join(f"\n  mind: {note}" for note in self.notes)
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"
