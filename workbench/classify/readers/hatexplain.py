"""HateXplain (Mathew et al. 2021, arXiv 2012.10289): posts with the tokens that people gave as reasons."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from workbench.classify.data import LabelledTexts, Row, Span
from workbench.classify.read import read_lines, register_format
from workbench.errors import InputError


@register_format("hatexplain")
def read_hatexplain(path: Path, name: str) -> LabelledTexts:
    """Read `dataset.json`; posts whose annotators have no majority are left out, as published.

    A token is marked if at least half of those who gave reasons marked it. The text is the tokens joined by spaces.
    """
    try:
        posts = json.loads("\n".join(read_lines(path)))
        rows = [_row(post) for post in posts.values()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "posts with annotators, rationales and post_tokens in JSON",
            f"{str(path)!r}: {type(error).__name__}: {error}",
            "give the file as it was published",
        ) from error
    return LabelledTexts.gather(name, rows, ("normal", "offensive", "hatespeech"), marked=True)


def _row(post: dict[str, Any]) -> Row:
    label, votes = Counter(str(one["label"]) for one in post["annotators"]).most_common(1)[0]
    tokens, rationales = list(map(str, post["post_tokens"])), post["rationales"]
    spans: list[Span] = []
    start = 0
    for index, token in enumerate(tokens):
        if rationales and 2 * sum(rationale[index] for rationale in rationales) >= len(rationales):
            spans.append((start, start + len(token)))
        start += len(token) + 1
    return Row(" ".join(tokens), label if 2 * votes > len(post["annotators"]) else None, tuple(spans))
