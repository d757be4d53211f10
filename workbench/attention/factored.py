"""The usual form: separate query, key, value and output projections."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores, Values, shared_by_group, split_heads


class FactoredScores(Scores):
    """Scaled products of queries and keys (Vaswani et al. 2017).

    Args:
        query: width to heads * head width.
        key: context width to key heads * head width; fewer key heads are shared by groups of query heads.
        heads: number of query heads.
        scale: factor on the products.
        query_map, key_map: what stands between projection and product, on [batch, head, token, head width], such as
            a norm or a convolution.
    """

    def __init__(
        self,
        query: nn.Linear,
        key: nn.Linear,
        heads: int,
        scale: float,
        query_map: nn.Module | None = None,
        key_map: nn.Module | None = None,
    ) -> None:
        super().__init__(heads)
        self.query, self.key, self.scale = query, key, scale
        self.query_map, self.key_map = query_map, key_map
        self.head_width = query.out_features // heads
        self.key_heads = key.out_features // self.head_width

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        query, key = split_heads(self.query(x), self.heads), split_heads(self.key(context), self.key_heads)
        query = query if self.query_map is None else self.query_map(query)
        key = key if self.key_map is None else self.key_map(key)
        if rotate is not None:
            query, key = rotate(query), rotate(key)
        return query @ shared_by_group(key, self.heads).transpose(-1, -2) * self.scale


class FactoredValues(Values):
    """Values from one projection, mixed head by head and merged by another.

    Args:
        value: context width to value heads * head width.
        output: heads * head width to width.
        value_heads: fewer than query heads if groups share them.
        value_map: what stands between projection and mixing, on [batch, head, token, head width].
    """

    def __init__(
        self, value: nn.Linear, output: nn.Linear, value_heads: int, value_map: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.value, self.output, self.value_heads, self.value_map = value, output, value_heads, value_map

    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        value = split_heads(self.value(context), self.value_heads)
        value = value if self.value_map is None else self.value_map(value)
        mixed = pattern @ shared_by_group(value, pattern.shape[1])
        return self.output(mixed.transpose(1, 2).flatten(2))


def new_attention(
    width: int,
    heads: int,
    *,
    head_width: int | None = None,
    key_heads: int | None = None,
    context_width: int | None = None,
    bias: bool = True,
    output_bias: bool | None = None,
    scale: float | None = None,
    dropout: float = 0.0,
    rotary: bool = False,
) -> Attention:
    """Return an ordinary multi-head attention with fresh weights.

    Args:
        width: of the stream, in and out.
        heads: number of query heads.
        head_width: width / heads unless given.
        key_heads: number of key and value heads; as many as query heads unless given.
        context_width: given for cross attention.
        bias: whether query, key and value have one.
        output_bias: whether the output has one; as `bias` unless given.
        scale: head_width ** -0.5 unless given.
        dropout: of the pattern, in training.
        rotary: whether it will be called with rotary positions.
    """
    head_width = head_width or width // heads
    key_heads, source = key_heads or heads, context_width or width
    scores = FactoredScores(
        nn.Linear(width, heads * head_width, bias=bias),
        nn.Linear(source, key_heads * head_width, bias=bias),
        heads,
        head_width**-0.5 if scale is None else scale,
    )
    output = nn.Linear(heads * head_width, width, bias=bias if output_bias is None else output_bias)
    values = FactoredValues(nn.Linear(source, key_heads * head_width, bias=bias), output, key_heads)
    return Attention(scores, values, dropout=dropout, cross=context_width is not None, rotary=rotary)
