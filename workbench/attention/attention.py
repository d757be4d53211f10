"""Multi-head attention made of three exchangeable pieces: scores, pattern and values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import nn

Rotate = Callable[[torch.Tensor], torch.Tensor]


def split_heads(states: torch.Tensor, heads: int) -> torch.Tensor:
    """Reshape [batch, token, heads * width] to [batch, head, token, width]."""
    return states.unflatten(-1, (heads, -1)).transpose(1, 2)


def shared_by_group(states: torch.Tensor, heads: int) -> torch.Tensor:
    """Repeat key or value heads [batch, kv head, token, width] so that there is one for each query head."""
    return states.repeat_interleave(heads // states.shape[1], dim=1)


class Softmax(nn.Module):
    """Logits to attention pattern; a module of its own so that a hook can read or replace the pattern."""

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.softmax(dim=-1)


class Scores(nn.Module, ABC):
    """Makes attention logits; the base of all forms that scores can take.

    Args:
        heads: number of query heads.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    @abstractmethod
    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        """Return logits [batch, head, query token, key token], scaled, without mask or additive bias."""


class Values(nn.Module, ABC):
    """Mixes the context by an attention pattern; the base of all forms that values can take."""

    @abstractmethod
    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return [batch, query token, width] from a pattern [batch, head, query token, key token]."""


class Attention(nn.Module):
    """Attention over a context: `values(softmax(scores + bias))`.

    Args:
        scores: makes the logits.
        values: mixes the context.
        dropout: probability with which an entry of the pattern is dropped in training.
        cross: whether the context is another stream than the queries.
        rotary: whether it is called with rotary positions.
    """

    def __init__(
        self, scores: Scores, values: Values, *, dropout: float = 0.0, cross: bool = False, rotary: bool = False
    ) -> None:
        super().__init__()
        self.scores, self.pattern, self.values = scores, Softmax(), values
        self.dropout, self.cross, self.rotary = nn.Dropout(dropout), cross, rotary

    @property
    def heads(self) -> int:
        """Number of query heads."""
        return self.scores.heads

    def forward(
        self,
        x: torch.Tensor,
        context: torch.Tensor | None = None,
        *,
        bias: torch.Tensor | None = None,
        rotate: Rotate | None = None,
    ) -> torch.Tensor:
        """Attend.

        Args:
            x: [batch, query token, width].
            context: [batch, key token, width]; `x` itself unless given.
            bias: added to the logits, broadcast to [batch, head, query token, key token]; -inf masks.
            rotate: rotary positions, applied to queries and keys [batch, head, token, head width].

        Returns:
            [batch, query token, width].
        """
        context = x if context is None else context
        logits = self.scores(x, context, rotate)
        if bias is not None:
            logits = logits + bias
        return self.values(self.dropout(self.pattern(logits)), context)


def causal_bias(tokens: int, device: torch.device | None = None) -> torch.Tensor:
    """Return a bias [token, token] that hides what comes later."""
    return torch.full((tokens, tokens), float("-inf"), device=device).triu(1)
