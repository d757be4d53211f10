"""One view of an attention's weights, whatever module they come from: per head, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues


@dataclass(frozen=True)
class ScoreWeights:
    """Queries and keys of each query head; key heads shared by a group are repeated.

    Args:
        query: [head, width, head width].
        key: [head, context width, head width].
        column: [head, context width]; what a context token adds to its logit whatever the query. It is all that
            biases leave: terms without the context token are constant in a row, and softmax removes these.
        scale: factor on the products.
    """

    query: torch.Tensor
    key: torch.Tensor
    column: torch.Tensor
    scale: float

    @property
    def form(self) -> torch.Tensor:
        """The bilinear form W_Q W_K^T of each head, scaled: [head, width, context width]."""
        return self.scale * self.query @ self.key.transpose(-1, -2)


@dataclass(frozen=True)
class ValueWeights:
    """Values and outputs of each query head; rows of a pattern sum to 1, so one bias is left.

    Args:
        value: [head, context width, head width].
        output: [head, head width, width].
        bias: [width], or nothing if there is none.
    """

    value: torch.Tensor
    output: torch.Tensor
    bias: torch.Tensor | None

    @property
    def form(self) -> torch.Tensor:
        """The map W_V W_O of each head: [head, context width, width]."""
        return self.value @ self.output


def factored_scores(attention: Attention) -> FactoredScores:
    """Return an attention's scores, known to be factored."""
    if not isinstance(attention.scores, FactoredScores):
        raise TypeError(f"expected factored scores, got {type(attention.scores).__name__}")
    return attention.scores


def factored_values(attention: Attention) -> FactoredValues:
    """Return an attention's values, known to be factored."""
    if not isinstance(attention.values, FactoredValues):
        raise TypeError(f"expected factored values, got {type(attention.values).__name__}")
    return attention.values


def score_weights(attention: Attention) -> ScoreWeights:
    """Return the weights of an attention's scores; maps between projection and product are left out."""
    scores = factored_scores(attention)
    heads, group = scores.heads, scores.heads // scores.key_heads
    query, key = _in_heads(scores.query, heads), _in_heads(scores.key, scores.key_heads)
    key = key.repeat_interleave(group, dim=0)
    column = key.new_zeros(heads, key.shape[1])
    if scores.query.bias is not None:
        bias = scores.query.bias.detach().double().unflatten(0, (heads, -1))
        column = scores.scale * torch.einsum("hdk,hk->hd", key, bias)
    return ScoreWeights(query, key, column, scores.scale)


def value_weights(attention: Attention) -> ValueWeights:
    """Return the weights of an attention's values; a map between projection and mixing is left out."""
    values = factored_values(attention)
    group = attention.heads // values.value_heads
    value = _in_heads(values.value, values.value_heads).repeat_interleave(group, dim=0)
    output = values.output.weight.detach().double().T.unflatten(0, (attention.heads, -1))
    bias = None if values.output.bias is None else values.output.bias.detach().double()
    if values.value.bias is not None:
        own = values.value.bias.detach().double().unflatten(0, (values.value_heads, -1))
        moved = torch.einsum("hk,hkd->d", own.repeat_interleave(group, dim=0), output)
        bias = moved if bias is None else bias + moved
    return ValueWeights(value, output, bias)


def _in_heads(linear: nn.Linear, heads: int) -> torch.Tensor:
    """Return [head, in, out of a head]."""
    return linear.weight.detach().double().unflatten(0, (heads, -1)).transpose(1, 2)
