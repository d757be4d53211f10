"""How well a classifier decides: figures per class, confusion, out-of-class answers, functional tests."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.files import write_whole


@dataclass(frozen=True)
class ClassScore:
    """Figures of one label, each in 0..1, and the number of its texts."""

    label: str
    precision: float
    recall: float
    f1: float
    texts: int


@dataclass(frozen=True)
class FunctionScore:
    """Share of the texts of a functional test that are decided rightly; all of them have the same true label."""

    functionality: str
    label: str
    accuracy: float
    texts: int


@dataclass(frozen=True)
class ClassifierScores:
    """A classifier on labelled texts.

    Args:
        model: its name.
        data: the data's name.
        macro_f1, weighted_f1: mean F1 of the labels, plain and by their texts, in 0..1.
        accuracy: share of texts decided rightly, in 0..1.
        per_class: figures of each label.
        confusion: number of texts, [true label, decided label].
        out_of_class: share of texts for which a text-to-text model answered something that is no label; they count
            as their likeliest label.
        texts: how many were decided.
        left_out: how many were not, being empty once cleaned or too long.
        functions: figures of each functional test; empty unless the data is one.
        seconds: time spent.
    """

    model: str
    data: str
    macro_f1: float
    weighted_f1: float
    accuracy: float
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    out_of_class: float
    texts: int
    left_out: int
    functions: tuple[FunctionScore, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ClassifierScores:
        """Return the scores of plain data."""
        lists = {
            "per_class": tuple(ClassScore(**one) for one in data["per_class"]),
            "confusion": tuple(map(tuple, data["confusion"])),
            "functions": tuple(FunctionScore(**one) for one in data["functions"]),
        }
        return cls(**{**data, **lists})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per label: precision, recall, F1, texts, and how often each label was decided."""
        table = pd.DataFrame([asdict(score) for score in self.per_class])
        for index, score in enumerate(self.per_class):
            table[f"as {score.label}"] = [row[index] for row in self.confusion]
        return table

    def functional_table(self) -> pd.DataFrame:
        """Return one row per functional test: functionality, true label, accuracy, texts."""
        return pd.DataFrame(
            [asdict(one) for one in self.functions], columns=["functionality", "label", "accuracy", "texts"]
        )

    def save(self, path: str | Path) -> None:
        """Write the scores as JSON."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> ClassifierScores:
        """Read scores that `save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    @property
    def summary(self) -> str:
        """The main figures in one line."""
        left_out = f", {self.left_out:,} left out (empty once cleaned, or too long)" if self.left_out else ""
        return (
            f"macro F1 {self.macro_f1:.3f}, weighted F1 {self.weighted_f1:.3f}, accuracy {self.accuracy:.3f}, "
            f"out of class {self.out_of_class:.2%}; {self.texts:,} texts of {self.data}{left_out}"
        )

    def __repr__(self) -> str:
        tables = [self.to_dataframe().round(3).to_string(index=False)]
        if self.functions:
            tables.append(self.functional_table().round(3).to_string(index=False))
        return "\n".join([f"{self.model}: {self.summary}", *tables])

    def _repr_html_(self) -> str:
        tables = self.to_dataframe().round(3).to_html(index=False, escape=True)
        if self.functions:
            tables += self.functional_table().round(3).to_html(index=False, escape=True)
        return f"<p>{escape(self.model)}: {escape(self.summary)}</p>{tables}"
