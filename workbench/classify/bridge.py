"""Open a classifier as a TransformerLens bridge, to ask by activation patching what carries its decision."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch

from workbench.classify.classifier import Classifier
from workbench.classify.kinds.text_to_text import TextToTextClassifier
from workbench.errors import RefusedError
from workbench.guard.detector import mask_pieces, open_detector
from workbench.patch.hook_sweep import Question, ReadText

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def open_bridge(classifier: Classifier) -> TransformerBridge:
    """Open a classifier as a TransformerLens bridge, which `record`, `patched` and `sweep` accept.

    The bridge holds a copy of the network, since it rebuilds what it is given, with eager attention. Its weights are
    not processed and compatibility mode is off, so its logits are those of transformers with eager attention.

    Args:
        classifier: a text-to-text classifier, such as `open_classifier("hate-t5-mini")`.

    Raises:
        RefusedError: a classifier of another kind; TransformerLens has no bridge for classification heads.
        ImportError: TransformerLens is not installed.
    """
    opened = _text_to_text(classifier)
    try:
        from transformer_lens.model_bridge import TransformerBridge
    except ImportError as error:
        raise ImportError(
            "a bridge needs the package transformer-lens: run `pip install 'transformer-lens>=4.3,<5'`"
        ) from error
    return TransformerBridge.boot_transformers(
        opened.name,
        hf_model=deepcopy(opened.module),
        tokenizer=deepcopy(opened.tokenizer),
        device=opened.device,
        dtype=torch.float32,
    )


def label_question(classifier: Classifier, target: str, *, show_words: bool = False) -> Question:
    """Return the question by how much a classifier's bridge prefers a label: what `attribute` explains, too.

    Args:
        classifier: the one that the bridge was opened from; texts are cleaned and prefixed as it does.
        target: one of its labels.
        show_words: show toxic words in results as they are; else they keep their first letter alone.

    Raises:
        RefusedError: a classifier of another kind than text-to-text.
        InputError: a label that it does not have; later, texts that it refuses.
    """
    opened, detector = _text_to_text(classifier), open_detector()

    def read(text: str) -> ReadText:
        encoded = opened.encode([text])
        ids, pieces = tuple(encoded.ids[0].tolist()), encoded.pieces[0]
        return ReadText(ids, pieces if show_words else mask_pieces(text, pieces, encoded.spans[0], detector))

    return Question(opened.labels, tuple(opened.first_ids.tolist()), target, read, opened.start_id)


def _text_to_text(classifier: Classifier) -> TextToTextClassifier:
    if not isinstance(classifier, TextToTextClassifier):
        raise RefusedError(
            "a text-to-text classifier, since TransformerLens has no bridge for classification heads",
            type(classifier).__name__,
            "open a T5, or explain this one with `attribute`",
        )
    return classifier
