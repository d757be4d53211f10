"""Data of one's own: a CSV file with the columns `text` and `label`."""

from __future__ import annotations

from pathlib import Path

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_table, register_format


@register_format("csv")
def read_plain(path: Path, name: str) -> LabelledTexts:
    """Read a table of texts and labels; the labels are ordered by their first row, an empty one is none."""
    table = read_table(path, ["text", "label"])
    rows = [Row(text, label or None) for text, label in zip(table["text"], table["label"], strict=True)]
    return LabelledTexts.gather(name, rows, tuple(dict.fromkeys(row.label for row in rows if row.label)))
