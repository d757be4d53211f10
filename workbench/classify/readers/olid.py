"""OLID (Zampieri et al. 2019, arXiv 1902.09666): offensive or not (A), targeted or not (B), at whom (C)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_lines, read_table, register_format
from workbench.errors import InputError

# In HaT5's order of classes.
LABELS: Final = {"a": ("NOT", "OFF"), "b": ("TIN", "UNT"), "c": ("GRP", "IND", "OTH")}


@register_format("olid-a", "olid-b", "olid-c")
def read_olid(path: Path, name: str) -> LabelledTexts:
    """Read the training file, or a test file `testset-levela.tsv` beside its `labels-levela.csv`.

    Tweets without a label in the subtask (NULL) are left out; the published HaT5 code gave them a neighbour's.
    """
    task = name[-1]
    column = f"subtask_{task}"
    table = read_table(path, ["tweet"], tabs=True)
    if column in table:
        labels = list(table[column])
    else:
        labels = _labels_beside(path, task, list(table["id"]) if "id" in table else [])
    rows = (Row(text, None if label == "NULL" else label) for text, label in zip(table["tweet"], labels, strict=True))
    return LabelledTexts.gather(name, rows, LABELS[task])


def _labels_beside(path: Path, task: str, ids: list[str]) -> list[str]:
    """Return the labels of a test file, which lie in a file of their own without a header."""
    labels = path.with_name(f"labels-level{task}.csv")
    if not labels.is_file():
        raise InputError(
            f"a column subtask_{task}, or {labels.name} in the same folder", f"{str(path)!r} with neither", "add it"
        )
    pairs = [line.split(",") for line in read_lines(labels)]
    if [pair[0] for pair in pairs] != ids or any(len(pair) != 2 for pair in pairs):
        raise InputError("lines `id,label` in the order of the tweets", f"other ones in {str(labels)!r}", "check both")
    return [pair[1].strip() for pair in pairs]
