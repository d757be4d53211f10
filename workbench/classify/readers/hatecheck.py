"""HateCheck (Röttger et al. 2021, arXiv 2012.15606): functional tests of hate speech detection."""

from __future__ import annotations

from pathlib import Path

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_table, register_format


@register_format("hatecheck")
def read_hatecheck(path: Path, name: str) -> LabelledTexts:
    """Read `test_suite_cases.csv`."""
    table = read_table(path, ["functionality", "test_case", "label_gold"])
    columns = (table["test_case"], table["label_gold"], table["functionality"])
    rows = (Row(text, label, functionality=tested) for text, label, tested in zip(*columns, strict=True))
    return LabelledTexts.gather(name, rows, ("non-hateful", "hateful"), functional=True)
