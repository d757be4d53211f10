"""The CNN of HaT5's notebooks: filters of widths 2, 3 and 4 over words, and the largest response of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from workbench.classify.kind import register_kind
from workbench.classify.words import WORD_RECIPE, WordClassifier, WordNetwork

if TYPE_CHECKING:
    from workbench.classify.settings import ClassifierSettings

WIDTHS: Final = (2, 3, 4)


class ConvolutionNetwork(WordNetwork):
    """Kim's CNN for sentences (arXiv 1408.5882).

    Args:
        words, labels: sizes of vocabulary and output.
        width: size of an embedding.
        filters: number of filters of each width.
        dropout: before the linear layer.
    """

    def __init__(self, words: int, labels: int, width: int, filters: int, dropout: float) -> None:
        super().__init__(words, width)
        self.filters = nn.ModuleList(nn.Conv1d(width, filters, size) for size in WIDTHS)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(len(WIDTHS) * filters, labels)

    def forward(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits [row, label]; only windows that begin inside the text count, zeros follow it."""
        channels = (embedded * mask[..., None]).transpose(1, 2)
        largest = []
        for layer, size in zip(self.filters, WIDTHS, strict=True):
            after = nn.functional.pad(channels, (0, size - 1))
            responses = layer(after).relu()
            # A rectified response is never below zero, so a window of padding cannot win with it.
            largest.append((responses * mask[:, None]).amax(dim=2))
        return self.head(self.dropout(torch.cat(largest, dim=1)))


@register_kind("cnn", from_scratch="cnn")
class ConvolutionClassifier(WordClassifier):
    """A CNN over words."""

    usual = {**WORD_RECIPE, "hidden": 100}

    @staticmethod
    def network(**sizes: Any) -> ConvolutionNetwork:
        """Make the untrained network."""
        return ConvolutionNetwork(**sizes)

    @staticmethod
    def sizes(settings: ClassifierSettings) -> dict[str, Any]:
        """Return width, number of filters and dropout."""
        return {"width": settings.width, "filters": settings.hidden, "dropout": settings.dropout}
