"""TweetEval (Barbieri et al. 2020, arXiv 2010.12421): one tweet a line, labels in a file beside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.classify.data import LabelledTexts, Row
from workbench.classify.read import read_lines, register_format
from workbench.errors import InputError

LABELS: Final = {"tweeteval-offensive": ("not-offensive", "offensive"), "tweeteval-hate": ("not-hate", "hate")}


@register_format(*LABELS)
def read_tweeteval(path: Path, name: str) -> LabelledTexts:
    """Read `train_text.txt` (or `val_`, `test_`), whose labels lie in `train_labels.txt`."""
    beside = path.with_name(path.name.replace("_text", "_labels"))
    if beside == path or not beside.is_file():
        raise InputError(
            "a file `..._text.txt` beside its `..._labels.txt`", repr(str(path)), "put both into one folder"
        )
    texts, labels = read_lines(path), read_lines(beside)
    if len(texts) != len(labels):
        raise InputError("as many labels as texts", f"{len(labels)} and {len(texts)}", "check both files")
    names = {str(index): label for index, label in enumerate(LABELS[name])}
    rows = (Row(text, names.get(label.strip(), label)) for text, label in zip(texts, labels, strict=True))
    return LabelledTexts.gather(name, rows, LABELS[name])
