"""The verb `compare_methods`: how faithful, stable and plausible attribution methods are on the same texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Final

import numpy as np
import torch

from workbench.attribute.attribute import attribute, neural, pose
from workbench.attribute.baselines import DEFAULT as PAD
from workbench.attribute.comparison import WORD_LIST, MethodComparison, MethodQuality
from workbench.attribute.erasure import Erasure, erase
from workbench.attribute.plausibility import Plausibility, agreement, listed_spans, singled_out
from workbench.attribute.registry import Method, find_method
from workbench.attribute.result import Attribution, TextAttribution
from workbench.attribute.robustness import (
    block_infidelity,
    largest_sensitivity,
    randomised,
    rank_correlation,
    scores_of,
)
from workbench.attribute.settings import Settings
from workbench.attribute.words import Span
from workbench.classify.classifier import Classifier, NeuralClassifier
from workbench.errors import InputError

METHODS: Final = (
    "ig",
    "gradient_x_input",
    "idgi",
    "sequential_ig",
    "shapley",
    "leave_one_out",
    "random",
)
Marks = Sequence[Sequence[Span]]
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Measured:
    """Figures of one method on one text."""

    erasure: Erasure
    infidelity: float
    sensitivity: float
    randomised: float
    plausibility: Plausibility | None


@dataclass(frozen=True)
class Subject:
    """What all methods of a comparison share.

    Args:
        classifier: it decides.
        baseline: name of the baseline.
        target: the label to explain; each text's prediction unless given.
        settings: numbers that methods read.
        fresh: the same network with new weights.
    """

    classifier: NeuralClassifier
    baseline: str
    target: str | None
    settings: Settings
    fresh: NeuralClassifier

    def measure(self, method: Method, result: TextAttribution, marked: Sequence[Span] | None) -> Measured:
        """Measure a method on one text."""
        tokens = self.classifier.encode([result.text])
        _, problem = pose(self.classifier, tokens, self.baseline, result.target, self.settings)
        _, other = pose(self.fresh, tokens, self.baseline, result.target, self.settings)
        scores = torch.tensor(result.scores, device=problem.end.device)
        return Measured(
            erasure=erase(problem, scores),
            infidelity=block_infidelity(problem, scores),
            sensitivity=largest_sensitivity(method, problem, scores),
            randomised=rank_correlation(scores[problem.content], scores_of(method, other)[problem.content]),
            plausibility=None if marked is None else agreement(result.text, singled_out(result.words), marked),
        )


def compare_methods(
    classifier: str | Classifier,
    texts: Sequence[str],
    methods: Sequence[str] = METHODS,
    baseline: str = PAD,
    target: str | None = None,
    *,
    spans: Marks | None = None,
    bound: float = 0.01,
    most_nodes: int = 1000,
    samples: int = 25,
    seed: int = 0,
    rows: int = 64,
    on_progress: OnProgress | None = None,
) -> MethodComparison:
    """Measure attribution methods on the same texts.

    Args:
        classifier: a neural one, or its name, folder or hub id.
        texts: raw texts.
        methods: names; `random` and `leave_one_out` are the controls.
        baseline: what tokens are exchanged for, in the methods and in erasure.
        target: the label to explain; each text's own prediction unless given.
        spans: for each text the [start, stop) characters that people marked as evidence of the target.
        bound, most_nodes, samples, seed, rows: as in `attribute`.
        on_progress: called with a method, texts done and texts in all.

    Returns:
        One line of figures a method; with spans also one of the list of toxic words.

    Raises:
        InputError: no method, one that explains layers, spans without a target or in another number than the texts,
            and whatever `attribute` refuses.
    """
    listed = list(texts)
    _check(listed, methods, target, spans)
    chosen = [find_method(name) for name in methods]
    opened = neural(classifier, baseline, target)
    opened.encode(listed)
    numbers: dict[str, Any] = {
        "bound": bound,
        "most_nodes": most_nodes,
        "samples": samples,
        "seed": seed,
        "rows": rows,
    }
    subject = Subject(opened, baseline, target, Settings(**numbers), randomised(opened, seed))
    scores, attributions = [], []
    for method in chosen:
        started = time.perf_counter()
        result = attribute(opened, listed, method.name, baseline, target, **numbers)
        seconds = (time.perf_counter() - started) / len(listed)
        measured = []
        for number, text in enumerate(result):
            measured.append(subject.measure(method, text, None if spans is None else spans[number]))
            if on_progress is not None:
                on_progress(method.name, number + 1, len(listed))
        scores.append(replace(_quality(method.name, result, measured), seconds=seconds))
        attributions.append(result)
    if spans is not None:
        scores.append(_word_list(listed, spans))
    return MethodComparison(opened.name, baseline, target, len(listed), tuple(scores), tuple(attributions))


def _check(texts: Sequence[str], methods: Sequence[str], target: str | None, spans: Marks | None) -> None:
    if not texts or not methods or len(set(methods)) != len(methods):
        raise InputError("at least one text and one method, none twice", f"{len(texts)}, {list(methods)}", "give some")
    if "layer_ig" in methods:
        raise InputError("methods that explain the input", "layer_ig", "see `attribute(..., method='layer_ig')`")
    if spans is None:
        return
    if len(spans) != len(texts):
        raise InputError("spans for each text", f"{len(spans)} for {len(texts)} texts", "give as many, empty ones too")
    if target is None:
        raise InputError(
            "the label that the marked spans speak for", "no target", "name it, such as target='offensive'"
        )
    for text, marked in zip(texts, spans, strict=True):
        agreement(text, [], marked)


def _quality(name: str, result: Attribution, measured: Sequence[Measured]) -> MethodQuality:
    gaps = [text.gap for text in result]
    certificates = [float(text.certified) for text in result if text.certified is not None]
    flips = [one.erasure.flip for one in measured if one.erasure.flip is not None]
    return MethodQuality(
        method=name,
        gap=float(np.median(gaps)),
        gap_p95=float(np.quantile(gaps, 0.95)),
        certified=fmean(certificates) if certificates else None,
        comprehensiveness=fmean(one.erasure.comprehensiveness for one in measured),
        sufficiency=fmean(one.erasure.sufficiency for one in measured),
        aopc=fmean(one.erasure.aopc for one in measured),
        flip=fmean(flips) if flips else None,
        infidelity=fmean(one.infidelity for one in measured),
        sensitivity=fmean(one.sensitivity for one in measured),
        randomised=fmean(one.randomised for one in measured),
        passes=fmean(text.passes for text in result),
        **_means([one.plausibility for one in measured if one.plausibility is not None]),
    )


def _word_list(texts: Sequence[str], spans: Marks) -> MethodQuality:
    """Score the list of toxic words against the marked spans."""
    found = [agreement(text, listed_spans(text), marked) for text, marked in zip(texts, spans, strict=True)]
    return MethodQuality(WORD_LIST, **_means(found))


def _means(found: Sequence[Plausibility]) -> dict[str, float]:
    names = ("token_f1", "iou_f1", "character_f1") if found else ()
    return {name: fmean(getattr(one, name) for one in found) for name in names}
