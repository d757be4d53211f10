"""What a text classifier is to the rest of the library: labels, scores, tokens that know their place in the text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from workbench.errors import InputError, RefusedError


@dataclass(frozen=True)
class Prediction:
    """One text's decision.

    Args:
        label: the chosen label's name.
        scores: probability of each label, in the order of the classifier's labels; they sum to 1.
        out_of_class: a text-to-text model answered something that is no label; `label` is then the likeliest one.
    """

    label: str
    scores: tuple[float, ...]
    out_of_class: bool = False


@dataclass(frozen=True)
class Encoded:
    """A batch of tokenised texts.

    Args:
        ids: token ids, int64 [row, token].
        mask: 1 for a token, 0 for padding, int64 [row, token].
        content: true where a token is part of the text itself, so neither prefix nor end mark nor padding;
            bool [row, token]. Only these tokens are exchanged by a baseline.
        spans: for each row and token, its [start, stop) characters in the raw text; (0, 0) outside the content.
        pieces: for each row and token, the token as text.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    content: torch.Tensor
    spans: tuple[tuple[tuple[int, int], ...], ...]
    pieces: tuple[tuple[str, ...], ...]


class Classifier(ABC):
    """Anything that decides between named labels.

    Args:
        name: as it was opened.
        labels: their names in the order of the scores.
    """

    name: str
    labels: tuple[str, ...]

    @abstractmethod
    def refusal(self, text: str) -> InputError | None:
        """Say why a text cannot be decided, such as an empty one; None if it can."""

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Decide each text; a text's decision does not depend on the batch it is in."""


class NeuralClassifier(Classifier):
    """A classifier whose decision is a differentiable function of token embeddings.

    Args:
        module: the network, in float32 and eval mode.
        pad_id: id of the padding token; the content of the usual baseline.
        max_tokens: most tokens of a text, prefix and end mark included.
    """

    module: nn.Module
    pad_id: int
    max_tokens: int

    @property
    @abstractmethod
    def embedding(self) -> nn.Embedding:
        """The input embedding of the tokens."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Encoded:
        """Tokenise raw texts.

        Raises:
            InputError: an empty text, or one with more tokens than the model takes.
        """

    @abstractmethod
    def logits(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the score of each label before any softmax, float32 [row, label].

        Args:
            embedded: embeddings of the tokens, float32 [row, token, width].
            mask: int64 [row, token].

        For a text-to-text model these are the first decoding step's logits of the labels' first pieces.
        """

    def string_scores(self, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the log-probability of each label's whole string, float32 [row, label], of a text-to-text model.

        Args:
            embedded, mask: as in `logits`.

        Raises:
            RefusedError: a classifier that answers with no string.
        """
        raise RefusedError("a text-to-text classifier", f"{self.name}, which answers with no string", "use its logits")
