"""Baselines: what a text's content is exchanged for, while prefix, end mark and attention mask stay as they are.

A baseline is a decorated function from a classifier, the token ids of the content [n] and a seed to embeddings
[n, width].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import nn

from workbench.classify.classifier import NeuralClassifier
from workbench.errors import RefusedError
from workbench.registry import Registry

Fill = Callable[[NeuralClassifier, torch.Tensor, int], torch.Tensor]
DEFAULT: Final = "pad"
_FILLS: Registry[Fill] = Registry("baseline")
# A decorator for a function from classifier, content ids [n] and seed to embeddings [n, width].
register_baseline = _FILLS.register
find_baseline = _FILLS.__getitem__
list_baselines = _FILLS.names


def check_baseline(name: str, classifier: NeuralClassifier) -> None:
    """Check that a baseline exists and suits a classifier.

    Raises:
        InputError: there is none of this name.
        RefusedError: the zero vector for a network with RMS norms, which are singular there.
    """
    find_baseline(name)
    if name == "zero" and _has_rms_norm(classifier.module):
        raise RefusedError(
            "a baseline at which the network is smooth",
            "the zero vector for a network with RMS norms, whose gradient explodes there: no quadrature settles",
            "take the baseline pad, mean or text_mean",
        )


def make_baseline(
    name: str, classifier: NeuralClassifier, ids: torch.Tensor, content: torch.Tensor, seed: int
) -> torch.Tensor:
    """Return a text's embeddings [token, width] with its content exchanged.

    Args:
        name: a registered baseline.
        classifier: whose embedding is used.
        ids: the text's token ids, int64 [token].
        content: which of them are exchanged, bool [token].
        seed: decides the tokens of `random`.
    """
    with torch.no_grad():
        embedded = classifier.embedding(ids).clone()
        embedded[content] = find_baseline(name)(classifier, ids[content], seed)
    return embedded


def _has_rms_norm(module: nn.Module) -> bool:
    # T5 and its relatives call theirs T5LayerNorm; it subtracts no mean.
    names = {type(part).__name__ for part in module.modules()}
    return any(name.endswith(("RMSNorm", "T5LayerNorm")) for name in names)


@register_baseline(DEFAULT)
def pad(classifier: NeuralClassifier, ids: torch.Tensor, seed: int) -> torch.Tensor:
    """The padding token: the model knows it and has learnt that it says nothing."""
    return classifier.embedding(torch.full_like(ids, classifier.pad_id))


@register_baseline("zero")
def zero(classifier: NeuralClassifier, ids: torch.Tensor, seed: int) -> torch.Tensor:
    """The zero vector, natural for recurrent and convolutional networks whose padding is zero."""
    return torch.zeros_like(classifier.embedding(ids))


@register_baseline("mean")
def mean(classifier: NeuralClassifier, ids: torch.Tensor, seed: int) -> torch.Tensor:
    """The mean of the whole vocabulary's embeddings."""
    return classifier.embedding.weight.mean(dim=0).expand(len(ids), -1)


@register_baseline("text_mean")
def text_mean(classifier: NeuralClassifier, ids: torch.Tensor, seed: int) -> torch.Tensor:
    """The mean of the text's own embeddings: it blurs which token stands where."""
    return classifier.embedding(ids).mean(dim=0).expand(len(ids), -1)


@register_baseline("random")
def random(classifier: NeuralClassifier, ids: torch.Tensor, seed: int) -> torch.Tensor:
    """Random tokens of the vocabulary, decided by the seed."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(classifier.embedding.num_embeddings, (len(ids),), generator=generator)
    return classifier.embedding(drawn.to(ids.device))
