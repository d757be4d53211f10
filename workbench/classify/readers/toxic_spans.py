"""Toxic Spans (Pavlopoulos et al., SemEval-2021 task 5): posts with the characters that people found toxic."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.classify.data import LabelledTexts, Row, Span
from workbench.classify.read import read_table, register_format
from workbench.errors import InputError


@register_format("toxic-spans")
def read_toxic_spans(path: Path, name: str) -> LabelledTexts:
    """Read `tsd_train.csv`, `tsd_trial.csv` or `tsd_test.csv`.

    All posts were rated toxic as a whole; the label only tells whether the raters marked a span.
    """
    table = read_table(path, ["spans", "text"])
    rows = []
    for number, (offsets, text) in enumerate(zip(table["spans"], table["text"], strict=True), 1):
        spans = _runs(offsets, text, number)
        rows.append(Row(text, "marked" if spans else "unmarked", spans))
    return LabelledTexts.gather(name, rows, ("unmarked", "marked"), marked=True)


def _runs(offsets: str, text: str, number: int) -> tuple[Span, ...]:
    """Return runs of neighbouring characters as [start, stop) spans."""
    try:
        places = sorted({int(place) for place in json.loads(offsets)})
    except (ValueError, TypeError) as error:
        raise InputError("spans such as [4, 5, 6]", f"other text in row {number}", "repair the file") from error
    if places and not 0 <= places[0] <= places[-1] < len(text):
        raise InputError(f"offsets within {len(text)} characters", f"others in row {number}", "repair the file")
    starts = [place for place in places if place - 1 not in places]
    stops = [place + 1 for place in places if place + 1 not in places]
    return tuple(zip(starts, stops, strict=True))
