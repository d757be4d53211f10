"""One matrix a head in place of the value and the output projection."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Values
from workbench.attention.form import Request, like, not_linear, register_form
from workbench.attention.weights import value_weights


class CollapsedValues(Values):
    """Sum over heads of `P_h y M_h` (arXiv 2410.13732, section 3).

    Args:
        form: [head, context width, width].
        bias: [width], or nothing if there was none.
    """

    def __init__(self, form: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.form = nn.Parameter(form)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        mixed = torch.einsum("bhnd,hde->bne", pattern @ context[:, None], self.form)
        return mixed if self.bias is None else mixed + self.bias


@register_form("collapsed_vo", "values", "one matrix for values and output", not_linear, exact=True)
def collapsed_vo(attention: Attention, request: Request) -> CollapsedValues:
    """Multiply each head's projections out; the function stays, also that of fresh weights."""
    weights = value_weights(attention)
    bias = None if weights.bias is None else like(weights.bias, attention)
    return CollapsedValues(like(weights.form, attention), bias)
