"""Open a classifier by name, folder or hub id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig

from workbench.classify.card import FILE, PREFIX, Card
from workbench.classify.checkpoint import pretrained
from workbench.classify.kind import StoredClassifier, kind_of
from workbench.errors import InputError
from workbench.models.open import EMBEDDED

Labels = Mapping[str, str] | Sequence[str]
# Relative positions have no end, so a T5 configuration need not name one; 512 is what it was trained with.
USUAL_TOKENS: Final = 512


def list_classifiers() -> list[str]:
    """Return the names of the embedded classifiers."""
    return sorted(path.parent.name for path in EMBEDDED.glob(f"*/{FILE}"))


def open_classifier(
    source: str | Path,
    *,
    labels: Labels | None = None,
    cleaning: str = "none",
    prefix: str = PREFIX,
    device: str | None = None,
) -> StoredClassifier:
    """Open a text classifier.

    Args:
        source: an embedded name (`list_classifiers`), a folder that `workbench classify train` wrote, or any
            checkpoint of transformers, a folder or a hub id such as `owner/name`.
        labels: for a checkpoint without a `classifier.json`: names in the order of the scores, or for a text-to-text
            model a mapping from each name to the string the model answers, such as `{"HOF": "0", "NOT": "1"}`.
        cleaning: for such a checkpoint how texts are cleaned, `hat5` or `none`.
        prefix: for such a text-to-text checkpoint what it reads before the text.
        device: where to put the network; the GPU if there is one, else the CPU.

    Returns:
        The classifier, in float32 and eval mode; neural ones are a `NeuralClassifier`.

    Raises:
        InputError: nothing of that name, no label map, weights that are no safetensors, or label strings that collide.
    """
    text = str(source)
    embedded = "/" not in text and text in list_classifiers()
    folder = EMBEDDED / text if embedded else Path(text)
    if (folder / FILE).is_file():
        if labels is not None:
            raise InputError("no `labels` where the folder has its own", f"{text!r} with {FILE}", "leave them out")
        card = Card.read(folder)
        return _placed(kind_of(card.kind).load(str(folder), text, card), device)
    if not folder.is_dir() and (text.count("/") != 1 or text.startswith((".", "/", "~"))):
        raise InputError(
            f"an embedded classifier ({', '.join(list_classifiers())}), a folder or a hub id owner/name",
            repr(text),
            "check the name, or train one with `workbench classify train`",
        )
    card = _foreign_card(text, labels, cleaning, prefix)
    return _placed(kind_of(card.kind).load(text, text, card), device)


def foreign_kind(config: Any) -> str:
    """Return the kind of a checkpoint by its configuration of transformers: `text-to-text` or `sequence`."""
    return "text-to-text" if config.is_encoder_decoder else "sequence"


def _foreign_card(source: str, labels: Labels | None, cleaning: str, prefix: str) -> Card:
    if Path(source).is_dir() and not (Path(source) / "config.json").is_file():
        raise InputError(
            f"a classifier's folder with {FILE}, or a checkpoint of transformers",
            f"{source!r} with neither",
            "give the folder `model` that `workbench classify train` wrote",
        )
    config = pretrained(AutoConfig, source)
    kind = foreign_kind(config)
    names = labels if labels is not None else _own_labels(config)
    if (kind == "text-to-text" and labels is None) or not names:
        raise InputError(
            f"a checkpoint with a label map ({FILE})",
            f"{source!r} without one",
            'say what it answers, as in open_classifier(path, labels={"HOF": "0", "NOT": "1"})',
        )
    tokens = getattr(config, "n_positions", None) or getattr(config, "max_position_embeddings", None) or USUAL_TOKENS
    if kind == "sequence":
        return Card(kind, tuple(names), tokens, cleaning)
    answers = tuple(names.values()) if isinstance(names, Mapping) else tuple(names)
    return Card(kind, tuple(names), tokens, cleaning, answers, prefix)


def _own_labels(config: Any) -> list[str]:
    """Return the labels that a configuration names; the placeholders LABEL_0, LABEL_1 are none."""
    names = [str(config.id2label[index]) for index in sorted(config.id2label)]
    return [] if names and names[0] == "LABEL_0" else names


def _placed(classifier: StoredClassifier, device: str | None) -> StoredClassifier:
    module = getattr(classifier, "module", None)
    if isinstance(module, torch.nn.Module):
        module.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return classifier
