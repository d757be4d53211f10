"""A triangular projection for queries and keys: the fewest weights of a symmetric form."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores, split_heads
from workbench.attention.form import DIAGONAL_LOGIT, Request, like, not_square, register_form
from workbench.attention.weights import factored_scores, score_weights


class CholeskyScores(Scores):
    """Logits `x T T^T y^T` of a lower triangular T a head (arXiv 2410.13732, section 5).

    Several heads see a slice of the channels each, as in the independent reproduction of the paper; one head sees all.

    Args:
        triangle: [head, d (d + 1) / 2], the entries of T row by row.
        width: d, the width of a head.
        scale: factor on the products.
    """

    def __init__(self, triangle: torch.Tensor, width: int, scale: float) -> None:
        super().__init__(len(triangle))
        self.triangle, self.width, self.scale = nn.Parameter(triangle), width, scale

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        rows, columns = torch.tril_indices(self.width, self.width, device=x.device)
        factor = self.triangle.new_zeros(self.heads, self.width, self.width)
        factor[:, rows, columns] = self.triangle
        query = split_heads(x, self.heads) @ factor
        query = query if rotate is None else rotate(query)
        return query @ query.transpose(-1, -2) * self.scale


def _not_slices(attention: Attention) -> str | None:
    refusal = not_square(attention)
    if refusal is not None:
        return refusal
    scores = factored_scores(attention)
    if scores.query_map is not None:
        return "a map stands between projection and product"
    if scores.heads * scores.head_width != scores.query.in_features:
        return (
            f"{scores.heads} heads of width {scores.head_width} do not make up a stream of {scores.query.in_features}, "
            "and a triangular factor is square"
        )
    return None


@register_form("symmetric_cholesky", "scores", "a triangular projection for queries and keys", _not_slices)
def symmetric_cholesky(attention: Attention, request: Request) -> CholeskyScores:
    """Draw a triangular factor, or convert to that of the nearest positive semi-definite form."""
    scores = factored_scores(attention)
    heads, width = scores.heads, scores.head_width
    rows, columns = torch.tril_indices(width, width)
    if request.mode == "scratch":
        entries = torch.randn(heads, len(rows), dtype=torch.float64)
        entries *= (DIAGONAL_LOGIT / scores.scale / entries.pow(2).sum(-1, keepdim=True)).sqrt()
    else:
        entries = _nearest(attention)[:, rows, columns]
    return CholeskyScores(like(entries, attention), width, scores.scale)


def _nearest(attention: Attention) -> torch.Tensor:
    """Return the triangles nearest to what each head does on its own slice of the channels."""
    weights, heads = score_weights(attention), attention.heads
    sliced = weights.form.unflatten(1, (heads, -1)).unflatten(3, (heads, -1))
    own = torch.stack([sliced[head, head, :, head] for head in range(heads)]) / weights.scale
    values, vectors = torch.linalg.eigh((own + own.transpose(-1, -2)) / 2)
    # F F^T with F = V sqrt(values); the QR factorisation of F^T turns F into a triangle.
    factor = vectors * values.clamp_min(0).sqrt()[:, None]
    return torch.linalg.qr(factor.transpose(-1, -2)).R.transpose(-1, -2)
