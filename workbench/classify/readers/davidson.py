"""Davidson et al. 2017, Automated Hate Speech Detection and the Problem of Offensive Language (arXiv 1703.04009)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_table, register_format

CLASSES: Final = {"0": "hate", "1": "offensive", "2": "neither"}


@register_format("davidson")
def read_davidson(path: Path, name: str) -> LabelledTexts:
    """Read `labeled_data.csv`."""
    table = read_table(path, ["class", "tweet"])
    rows = (Row(text, CLASSES.get(label, label)) for text, label in zip(table["tweet"], table["class"], strict=True))
    return LabelledTexts.gather(name, rows, tuple(CLASSES.values()))
