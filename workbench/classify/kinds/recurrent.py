"""Recurrent classifiers: the Bi-LSTM that HaT5 describes, and the GRU that its published notebook runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from workbench.classify.kind import register_kind
from workbench.classify.words import WORD_RECIPE, WordClassifier, WordNetwork

if TYPE_CHECKING:
    from workbench.classify.settings import ClassifierSettings

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNetwork(WordNetwork):
    """Both directions' last states, then a linear layer.

    Args:
        cell: `lstm` or `gru`.
        words, labels: sizes of vocabulary and output.
        width: size of an embedding.
        hidden: size of one direction's state.
        layers: stacked layers.
        dropout: before, between and after them.
    """

    def __init__(
        self, cell: str, words: int, labels: int, width: int, hidden: int, layers: int, dropout: float
    ) -> None:
        super().__init__(words, width)
        between = dropout if layers > 1 else 0.0
        self.recurrence = CELLS[cell](width, hidden, layers, batch_first=True, dropout=between, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * hidden, labels)

    def forward(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits [row, label]; padding does not run through the recurrence."""
        packed = pack_padded_sequence(
            self.dropout(embedded), mask.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False
        )
        # cuDNN has no backward pass in eval mode, and train mode would switch dropout on.
        with torch.backends.cudnn.flags(enabled=self.training and torch.backends.cudnn.enabled):
            _, state = self.recurrence(packed)
        last = state[0] if isinstance(state, tuple) else state
        return self.head(self.dropout(torch.cat([last[-2], last[-1]], dim=1)))


class RecurrentClassifier(WordClassifier):
    """Sizes that both cells share."""

    usual = {**WORD_RECIPE, "hidden": 20, "layers": 2}

    @staticmethod
    def sizes(settings: ClassifierSettings) -> dict[str, Any]:
        """Return width, hidden size, layers and dropout."""
        return {
            "width": settings.width,
            "hidden": settings.hidden,
            "layers": settings.layers,
            "dropout": settings.dropout,
        }


@register_kind("bilstm", from_scratch="bilstm")
class BiLSTMClassifier(RecurrentClassifier):
    """Bidirectional LSTM over words."""

    @staticmethod
    def network(**sizes: Any) -> RecurrentNetwork:
        """Make the untrained network."""
        return RecurrentNetwork("lstm", **sizes)


@register_kind("gru", from_scratch="gru")
class GRUClassifier(RecurrentClassifier):
    """Bidirectional GRU over words."""

    @staticmethod
    def network(**sizes: Any) -> RecurrentNetwork:
        """Make the untrained network."""
        return RecurrentNetwork("gru", **sizes)
