"""No value and output projection: heads mix the context itself."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Values
from workbench.attention.form import Request, like, not_linear, register_form
from workbench.attention.weights import factored_values, value_weights


class PlainValues(Values):
    """Sum over heads of `c_h P_h y` (arXiv 2410.13732, section 3, where c is 1 for one head).

    Args:
        gains: [head], fixed.
        bias: [width], or nothing.
    """

    gains: torch.Tensor

    def __init__(self, gains: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("gains", gains)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        mixed = torch.einsum("h,bhnm->bnm", self.gains, pattern) @ context
        return mixed if self.bias is None else mixed + self.bias


def _other_width(attention: Attention) -> str | None:
    refusal = not_linear(attention)
    if refusal is not None:
        return refusal
    values = factored_values(attention)
    into, out = values.value.in_features, values.output.out_features
    return None if into == out else f"the context is {into} wide, the stream {out}"


@register_form("no_vo", "values", "no values and output", _other_width)
def no_vo(attention: Attention, request: Request) -> PlainValues:
    """Average the heads, or convert to the multiple of the identity nearest to each head's map."""
    heads = attention.heads
    if request.mode == "scratch":
        return PlainValues(like(torch.full((heads,), 1 / heads), attention))
    weights = value_weights(attention)
    gains = weights.form.diagonal(dim1=-2, dim2=-1).mean(-1)
    bias = None if weights.bias is None else like(weights.bias, attention)
    return PlainValues(like(gains, attention), bias)
