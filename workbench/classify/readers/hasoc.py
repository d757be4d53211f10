"""HASOC 2019 and 2021, English (Mandl et al.): hateful or offensive or not, and finer classes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_table, register_format

# In HaT5's order of classes: here class 0 is the hateful one, in OLID it is the harmless one.
COARSE: Final = ("HOF", "NOT")
FINE: Final = ("HATE", "PRFN", "OFFN", "NONE")


@register_format("hasoc-2019", "hasoc-2019-b", "hasoc-2021", "hasoc-2021-b")
def read_hasoc(path: Path, name: str) -> LabelledTexts:
    """Read the tab-separated file of 2019 or the CSV file of 2021; `-b` asks for the finer classes."""
    fine = name.endswith("-b")
    column = "task_2" if fine else "task_1"
    table = read_table(path, ["text", column], tabs="2019" in name)
    rows = (Row(text, label.strip() or None) for text, label in zip(table["text"], table[column], strict=True))
    return LabelledTexts.gather(name, rows, FINE if fine else COARSE)
