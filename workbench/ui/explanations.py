"""Attributions that panels asked for: they live in the kernel, and words leave it masked unless they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from workbench.errors import InputError
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.attribute.comparison import MethodQuality
    from workbench.attribute.result import Attribution, TextAttribution
    from workbench.attribute.words import Span
    from workbench.classify.classifier import NeuralClassifier

KEPT: Final = 20
CONTROL: Final = "random"
FIGURES: Final = ("gap", "certified", "comprehensiveness", "sufficiency", "randomised", "passes", "seconds")


@dataclass
class Explanation:
    """What one job found so far.

    Args:
        setup: the `explain_setup` that it was asked for.
        classifier: the opened classifier.
        texts: one attribution a text.
        methods: of a comparison, the figures and the attribution of each method.
    """

    setup: dict[str, Any]
    classifier: NeuralClassifier | None = None
    texts: list[TextAttribution] = field(default_factory=list)
    methods: list[tuple[MethodQuality, Attribution]] = field(default_factory=list)


_KEPT: WeakKeyDictionary[Workspace, dict[str, Explanation]] = WeakKeyDictionary()


def keep(workspace: Workspace, job: str, explanation: Explanation) -> None:
    """Keep what a job finds as long as the kernel lives; the oldest ones are forgotten."""
    kept = _KEPT.setdefault(workspace, {})
    kept[job] = explanation
    while len(kept) > KEPT:
        del kept[next(iter(kept))]


def find(workspace: Workspace, job: str) -> Explanation:
    """Return what a job found.

    Raises:
        InputError: no such job in this kernel.
    """
    found = _KEPT.get(workspace, {}).get(job)
    if found is None:
        raise InputError("an explanation of this kernel", repr(job), "explain the text again; the kernel was restarted")
    return found


def explain_result(job: str, explanation: Explanation, *, shown: bool = False) -> dict[str, Any]:
    """Return the `explain_result` of the protocol.

    Args:
        job: it was found by.
        explanation: as far as it has come.
        shown: leave toxic words as they are instead of their first letters and dots.
    """
    from workbench.attribute.registry import find_method

    setup = explanation.setup
    return {
        "job": job,
        "classifier": setup["classifier"],
        "method": setup["method"],
        "title": find_method(setup["method"]).title,
        "baseline": setup["baseline"],
        "bound": setup["bound"],
        "labels": [] if explanation.classifier is None else list(explanation.classifier.labels),
        "asked": len(setup["texts"]),
        "shown": shown,
        "texts": [_text(text, shown) for text in explanation.texts],
        "methods": [_method(quality, attribution, shown) for quality, attribution in explanation.methods],
    }


def _method(quality: MethodQuality, attribution: Attribution, shown: bool) -> dict[str, Any]:
    from workbench.attribute.registry import find_method

    return {
        "method": quality.method,
        "title": find_method(quality.method).title,
        "control": quality.method == CONTROL,
        "texts": [_text(text, shown) for text in attribution],
        **{name: getattr(quality, name) for name in FIGURES},
    }


def _text(text: TextAttribution, shown: bool) -> dict[str, Any]:
    from workbench.attribute.words import masked

    safe, words = masked(text.text), text.words
    visible = text.text if shown else safe
    places = _places(text.spans, [word.span for word in words])
    return {
        "words": [
            {
                "text": visible[slice(*word.span)],
                "score": word.score,
                "toxic": safe[slice(*word.span)] != word.text,
            }
            for word in words
        ],
        "pieces": [
            {"text": piece, "score": score, "word": place}
            for piece, score, place in zip(text.pieces(show_words=shown), text.scores, places, strict=True)
            if place is not None
        ],
        "target": text.target,
        "prediction": text.prediction,
        "probabilities": text.probabilities,
        "margin": text.at_input,
        "margin_baseline": text.at_baseline,
        "gap": text.gap,
        "absolute_gap": text.absolute_gap,
        "certified": text.certified,
        "nodes": text.nodes,
        "curve": [list(point) for point in text.curve],
        "passes": text.passes,
    }


def _places(spans: Sequence[Span], words: Sequence[Span]) -> list[int | None]:
    """Return the word that each token belongs to, as `merge_words` does; None outside the text."""
    last = len(words) - 1
    return [
        next((place for place, (_, stop) in enumerate(words) if start < stop), last) if start < end and words else None
        for start, end in spans
    ]


def without_words(text: str, spans: Sequence[Span], left_out: Sequence[int]) -> str:
    """Return a text without some of its words and the whitespace after them.

    Args:
        text: the raw text.
        spans: [start, stop) characters of its words.
        left_out: indices of words.

    Raises:
        InputError: a word that is not there.
    """
    if any(place >= len(spans) for place in left_out):
        raise InputError(f"words from 0 to {len(spans) - 1}", str(list(left_out)), "choose words of the strip")
    starts = [start for start, _ in spans]
    ends = [*starts[1:], len(text)]
    gone = {place: (starts[place], ends[place]) for place in left_out}
    kept = [0, *(edge for place in sorted(gone) for edge in gone[place]), len(text)]
    return "".join(text[start:stop] for start, stop in list(pairwise(kept))[::2]).strip()
