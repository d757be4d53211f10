"""One matrix a head in place of the query and the key projection."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores
from workbench.attention.form import Request, like, not_bilinear, register_form
from workbench.attention.weights import factored_scores, score_weights


class CollapsedScores(Scores):
    """Logits `x G y^T + y u` of a full matrix a head (arXiv 2410.13732, section 3).

    Args:
        form: [head, width, context width], the scale folded in.
        column: [head, context width], what biases leave; none if there were none.
    """

    def __init__(self, form: torch.Tensor, column: torch.Tensor | None = None) -> None:
        super().__init__(len(form))
        self.form = nn.Parameter(form)
        self.column = None if column is None else nn.Parameter(column)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        query = torch.einsum("bnd,hde->bhne", x, self.form)
        if self.column is not None:
            query = query + self.column[:, None, :]
        return query @ context[:, None].transpose(-1, -2)


@register_form("collapsed_qk", "scores", "one matrix for queries and keys", not_bilinear, exact=True)
def collapsed_qk(attention: Attention, request: Request) -> CollapsedScores:
    """Multiply each head's projections out; the function stays, also that of fresh weights."""
    weights = score_weights(attention)
    column = like(weights.column, attention) if factored_scores(attention).query.bias is not None else None
    return CollapsedScores(like(weights.form, attention), column)
