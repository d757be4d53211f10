"""The verb `attribute`: which tokens of a text a classifier's decision rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Final

import torch

from workbench.attribute.baselines import DEFAULT as PAD
from workbench.attribute.baselines import check_baseline, make_baseline
from workbench.attribute.problem import Decision, Passes, Problem, check_precision, margin
from workbench.attribute.registry import DEFAULT, find_method
from workbench.attribute.result import Attribution, TextAttribution
from workbench.attribute.settings import Settings
from workbench.classify.classifier import Classifier, Encoded, NeuralClassifier
from workbench.classify.open import open_classifier
from workbench.errors import InputError, RefusedError

PACKAGES: Final = ("attention-workbench", "captum", "torch", "transformers")
OnProgress = Callable[[int, int], None]


def attribute(
    classifier: str | Classifier,
    texts: str | Sequence[str],
    method: str = DEFAULT,
    baseline: str = PAD,
    target: str | None = None,
    *,
    nodes: int | None = None,
    bound: float = 0.01,
    most_nodes: int = 1000,
    samples: int = 25,
    layers: Sequence[str] = (),
    seed: int = 0,
    rows: int = 64,
    sequence: bool = False,
    on_progress: OnProgress | None = None,
) -> Attribution:
    """Attribute a classifier's decision to the tokens of texts.

    What is explained is the margin of a label, its logit minus the logsumexp of the others'. Scores are sums over the
    embedding's width, with their sign. Only the text itself is exchanged for the baseline: prefix, end mark and
    attention mask stay, so these get exactly zero (but at inner layers, where they mix with the text). Each text is
    explained on its own, points of its path being the batch, so a result does not depend on the other texts.

    Args:
        classifier: a neural one, or its name, folder or hub id.
        texts: one raw text, or several.
        method: `ig`, `layer_ig`, `gradient_x_input`, `idgi`, `sequential_ig`, `shapley`, `leave_one_out`, `random`, or
            any that was registered.
        baseline: `pad`, `zero`, `mean`, `text_mean`, `random`, or any that was registered.
        target: the label to explain; each text's own prediction unless given.
        nodes: fix the number of quadrature nodes or steps; IG raises it until it is certified unless given.
        bound: largest relative completeness gap that is certified; two orders of quadrature, of which the finer is
            returned, may differ by five times as much.
        most_nodes: most gradients of one text; what needs more is reported as not certified.
        samples: permutations of `shapley`.
        layers: module paths for `layer_ig`; all blocks over the tokens unless given.
        seed: decides everything random.
        rows: points evaluated at once; it bounds the memory.
        sequence: for text-to-text classifiers, explain the margin of the log-probability of the label's whole string,
            end mark included, over the others'; one decoder pass a label. The first decoding step decides otherwise.
        on_progress: called with texts done and texts in all.

    Returns:
        One entry a text, in their order; one a text and layer for `layer_ig`.

    Raises:
        InputError: an unknown name, no text, an empty or too long one, or a number out of range.
        RefusedError: what cannot be explained faithfully: a classifier without embeddings, weights below float32, the
            zero vector under RMS norms, a layer that runs twice, strings of a classifier that answers with none.
    """
    chosen = find_method(method)
    settings = Settings(nodes, bound, most_nodes, samples, tuple(layers), seed, rows, sequence)
    listed = [texts] if isinstance(texts, str) else list(texts)
    opened = neural(classifier, baseline, target)
    encoded = [opened.encode([text]) for text in _checked(listed)]
    found: list[TextAttribution] = []
    for number, (text, tokens) in enumerate(zip(listed, encoded, strict=True)):
        decided, problem = pose(opened, tokens, baseline, target, settings)
        for scored in chosen.run(problem):
            passes = problem.decision.passes.taken()
            found.append(
                TextAttribution(
                    text=text,
                    tokens=tokens.pieces[0],
                    spans=tokens.spans[0],
                    scores=tuple(scored.scores.tolist()),
                    target=opened.labels[problem.decision.label],
                    prediction=opened.labels[int(decided.argmax())],
                    probabilities=dict(zip(opened.labels, decided.softmax(dim=0).tolist(), strict=True)),
                    at_input=problem.at_end,
                    at_baseline=problem.at_start,
                    forward=passes.forward,
                    backward=passes.backward,
                    nodes=scored.nodes,
                    certified=scored.certified,
                    curve=scored.curve,
                    layer=scored.layer,
                )
            )
        if on_progress is not None:
            on_progress(number + 1, len(listed))
    versions = {name: version(name) for name in PACKAGES}
    numbers = {**asdict(settings), "layers": list(settings.layers)}
    return Attribution(opened.name, opened.labels, method, baseline, numbers, tuple(found), versions)


def pose(
    classifier: NeuralClassifier, tokens: Encoded, baseline: str, target: str | None, settings: Settings
) -> tuple[torch.Tensor, Problem]:
    """Return the labels' logits at one text, and its decision as a problem for methods.

    Args:
        classifier: it decides.
        tokens: one text, encoded on its own.
        baseline: name of the baseline.
        target: the label to explain; the prediction unless given.
        settings: numbers that methods read.
    """
    ids, content = tokens.ids[0], tokens.content[0]
    with torch.no_grad():
        end = classifier.embedding(ids).clone()
        start = make_baseline(baseline, classifier, ids, content, settings.seed)
        decision = Decision(classifier, 0, tokens.mask, Passes(), settings.sequence)
        at_end, at_start = decision.logits(torch.stack([end, start]))
    label = int(at_end.argmax()) if target is None else classifier.labels.index(target)
    decision = replace(decision, label=label)
    margins = margin(torch.stack([at_start, at_end]), label).tolist()
    return at_end, Problem(decision, start, end, content, margins[0], margins[1], settings, decision)


def neural(classifier: str | Classifier, baseline: str, target: str | None) -> NeuralClassifier:
    """Return a classifier that can be explained with a baseline and a target, in eval mode.

    Raises:
        InputError: an unknown baseline or label.
        RefusedError: the classifier or the baseline does not suit.
    """
    opened = open_classifier(classifier) if isinstance(classifier, str) else classifier
    if not isinstance(opened, NeuralClassifier):
        raise RefusedError(
            "a classifier that reads token embeddings",
            f"{opened.name}, a {type(opened).__name__}",
            "take a neural one; a linear classifier's weights are its explanation",
        )
    if target is not None and target not in opened.labels:
        raise InputError(f"a label out of {', '.join(opened.labels)}", repr(target), "choose one of these")
    check_precision(opened)
    check_baseline(baseline, opened)
    opened.module.eval()
    return opened


def _checked(texts: list[str]) -> list[str]:
    if not texts:
        raise InputError("at least one text", "none", "give one")
    return texts
