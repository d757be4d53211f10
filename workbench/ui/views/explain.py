"""The explain view: which words a classifier's decision rests on, how exact that is, and how methods compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workbench.ui.explain_code import DEFAULTS, explain_code
from workbench.ui.explanations import Explanation, explain_result, find, keep, without_words
from workbench.ui.handlers import View, add_view, handles
from workbench.ui.jobs import Job
from workbench.ui.session import Session
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.classify.classifier import NeuralClassifier

VIEW: Final = "explain"


@handles("explain.options", slow=True)
def options(_: Session, __: dict[str, Any]) -> dict[str, Any]:
    """List embedded classifiers, methods and baselines."""
    from workbench.attribute.baselines import list_baselines
    from workbench.attribute.compare import METHODS
    from workbench.attribute.registry import find_method, list_methods
    from workbench.classify.card import FILE, Card
    from workbench.classify.open import list_classifiers
    from workbench.models.open import EMBEDDED

    cards = {name: Card.read(EMBEDDED / name) for name in list_classifiers() if (EMBEDDED / name / FILE).is_file()}
    return {
        "classifiers": [
            {"name": name, "kind": card.kind, "labels": list(card.labels), "max_tokens": card.max_tokens}
            for name, card in cards.items()
        ],
        # Layers are not words of the text: that method has no strip.
        "methods": [{"name": name, "title": find_method(name).title} for name in list_methods() if name != "layer_ig"],
        "compared": list(METHODS),
        "baselines": list_baselines(),
    }


@handles("explain.start")
def start(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Explain each text, one after the other."""
    setup, workspace = {**DEFAULTS, **payload}, session.workspace

    def work(job: Job) -> None:
        from workbench.attribute.attribute import attribute

        explanation = _begin(workspace, job, setup, len(setup["texts"]))
        chosen = {name: setup[name] for name in DEFAULTS}
        for number, text in enumerate(setup["texts"], start=1):
            job.check_stop()
            explanation.texts.extend(attribute(_opened(explanation), text, **chosen))
            job.progress("texts", number, len(setup["texts"]))
            job.partial(lambda: explain_result(job.id, explanation), last=number == len(setup["texts"]))

    return {"job": workspace.jobs.start(VIEW, work)}


@handles("explain.compare")
def compare(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Compare methods on the texts, one method after the other."""
    setup, workspace = {**DEFAULTS, **payload}, session.workspace

    def work(job: Job) -> None:
        from workbench.attribute.compare import METHODS, compare_methods

        methods = setup.get("methods") or list(METHODS)
        explanation = _begin(workspace, job, setup, len(methods))
        chosen = {name: setup[name] for name in ("baseline", "target", "bound")}
        for number, method in enumerate(methods, start=1):
            found = compare_methods(
                _opened(explanation), setup["texts"], [method], **chosen, on_progress=lambda *_: job.check_stop()
            )
            explanation.methods.append((found.scores[0], found.attributions[0]))
            job.progress(method, number, len(methods))
            job.partial(lambda: explain_result(job.id, explanation), last=number == len(methods))

    return {"job": workspace.jobs.start(VIEW, work)}


def _begin(workspace: Workspace, job: Job, setup: dict[str, Any], total: int) -> Explanation:
    """Open the classifier of a job and keep what it will find."""
    from workbench.attribute.attribute import neural

    job.progress("opening the classifier", 0, total)
    opened = neural(setup["classifier"], setup["baseline"], setup["target"])
    job.check_stop()
    explanation = Explanation(setup, opened)
    keep(workspace, job.id, explanation)
    return explanation


def _opened(explanation: Explanation) -> NeuralClassifier:
    assert explanation.classifier is not None
    return explanation.classifier


@handles("explain.result", slow=True)
def result(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what a job found so far; toxic words as they are only for who asks."""
    job = payload["job"]
    return explain_result(job, find(session.workspace, job), shown=payload.get("shown", False))


@handles("explain.without", slow=True)
def without(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Decide a text without some of its words: the margin of the same target."""
    from workbench.attribute.attribute import pose
    from workbench.attribute.settings import Settings
    from workbench.errors import InputError

    explanation, number = find(session.workspace, payload["job"]), payload["text"]
    if number >= len(explanation.texts):
        raise InputError(f"a text from 0 to {len(explanation.texts) - 1}", str(number), "choose one that is explained")
    text, classifier = explanation.texts[number], _opened(explanation)
    shorter = without_words(text.text, [word.span for word in text.words], payload["words"])
    tokens = classifier.encode([shorter])
    logits, problem = pose(classifier, tokens, explanation.setup["baseline"], text.target, Settings())
    return {
        "margin": problem.at_end,
        "probability": float(logits.softmax(dim=0)[classifier.labels.index(text.target)]),
        "prediction": classifier.labels[int(logits.argmax())],
    }


add_view(View(VIEW, code=explain_code))
