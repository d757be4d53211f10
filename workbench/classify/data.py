"""Texts with labels, whatever file they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Self

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from workbench.errors import InputError

Span = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """One line of a data file.

    Args:
        text: the raw text.
        label: its label's name; None if the file gives none.
        spans: [start, stop) characters that people marked as the reason.
        functionality: what a functional test tests.
    """

    text: str
    label: str | None
    spans: tuple[Span, ...] = ()
    functionality: str = ""


@dataclass(frozen=True)
class Dropped:
    """Rows left out when a file was read.

    Args:
        empty: without text.
        unlabelled: without a label in this task.
        duplicates: whose text stood in an earlier row.
        conflicting: among these, those with another label than the earlier row.
    """

    empty: int = 0
    unlabelled: int = 0
    duplicates: int = 0
    conflicting: int = 0


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and their labels.

    Args:
        name: format the texts were read from.
        texts: raw texts.
        targets: for each text the index of its label.
        labels: the labels' names.
        spans: for each text the [start, stop) characters that people marked; None where the data has no marks.
        functionality: for each text what it tests; None unless it is a functional test.
        dropped: rows that were left out.
    """

    name: str
    texts: tuple[str, ...]
    targets: tuple[int, ...]
    labels: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...] | None = None
    functionality: tuple[str, ...] | None = None
    dropped: Dropped = Dropped()

    @classmethod
    def gather(
        cls, name: str, rows: Iterable[Row], labels: Sequence[str], *, marked: bool = False, functional: bool = False
    ) -> Self:
        """Collect rows, leaving out empty, unlabelled and repeated ones.

        Args:
            name: format they were read from.
            rows: in the order of the file.
            labels: names of all labels.
            marked: the rows have spans.
            functional: the rows have functionalities.

        Raises:
            InputError: a label that is none of these, or nothing is left.
        """
        kept: dict[str, Row] = {}
        count: Counter[str] = Counter()
        for number, row in enumerate(rows, 1):
            if row.label is not None and row.label not in labels:
                raise InputError(
                    f"labels out of {list(labels)}", f"{row.label!r} in row {number}", f"check the file for {name}"
                )
            if not row.text.strip() or row.label is None:
                count["empty" if not row.text.strip() else "unlabelled"] += 1
            elif row.text in kept:
                count["duplicates"] += 1
                count["conflicting"] += row.label != kept[row.text].label
            else:
                kept[row.text] = row
        if not kept:
            raise InputError("a file with labelled texts", f"none ({dict(count)})", f"check the file for {name}")
        return cls(
            name,
            tuple(kept),
            tuple(list(labels).index(str(row.label)) for row in kept.values()),
            tuple(labels),
            tuple(row.spans for row in kept.values()) if marked else None,
            tuple(row.functionality for row in kept.values()) if functional else None,
            Dropped(**count),
        )

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: Iterable[int]) -> LabelledTexts:
        """Return the texts at some places."""
        chosen = list(places)
        return replace(
            self,
            texts=tuple(self.texts[place] for place in chosen),
            targets=tuple(self.targets[place] for place in chosen),
            spans=None if self.spans is None else tuple(self.spans[place] for place in chosen),
            functionality=None if self.functionality is None else tuple(self.functionality[place] for place in chosen),
        )

    def split(self, share: float, *, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
        """Return the rest and a random share, which has the labels in the same proportions.

        Raises:
            InputError: too few texts of a label to be in both.
        """
        try:
            rest, held = train_test_split(
                np.arange(len(self)), test_size=share, random_state=seed, stratify=self.targets
            )
        except ValueError as error:
            raise InputError(
                "enough texts of every label to hold some out", f"{self!r}: {error}", "give more texts"
            ) from error
        return self.take(sorted(rest)), self.take(sorted(held))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per text: text, label, and where the data has them spans and functionality."""
        columns = {"text": self.texts, "label": [self.labels[target] for target in self.targets]}
        extra = {"spans": self.spans, "functionality": self.functionality}
        return pd.DataFrame({**columns, **{name: column for name, column in extra.items() if column is not None}})

    def __repr__(self) -> str:
        counts = Counter(self.targets)
        each = ", ".join(f"{label} {counts[index]:,}" for index, label in enumerate(self.labels))
        left_out = ", ".join(f"{number:,} {reason}" for reason, number in vars(self.dropped).items() if number)
        return f"{len(self):,} texts of {self.name}: {each}" + (f"; left out: {left_out}" if left_out else "")

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"
