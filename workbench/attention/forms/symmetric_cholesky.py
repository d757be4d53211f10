"""A triangular projection for queries and keys: the fewest weights of a symmetric form, for one head."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores
from workbench.attention.form import DIAGONAL_LOGIT, Request, like, not_square, register_form
from workbench.attention.weights import score_weights


class CholeskyScores(Scores):
    """Logits `x T T^T y^T` of a lower triangular T (arXiv 2410.13732, section 5).

    Args:
        triangle: the d (d + 1) / 2 entries of T, row by row.
        width: d.
        scale: factor on the products.
    """

    def __init__(self, triangle: torch.Tensor, width: int, scale: float) -> None:
        super().__init__(1)
        self.triangle, self.width, self.scale = nn.Parameter(triangle), width, scale

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        rows, columns = torch.tril_indices(self.width, self.width, device=x.device)
        factor = self.triangle.new_zeros(self.width, self.width).index_put((rows, columns), self.triangle)
        query = (x @ factor)[:, None]
        query = query if rotate is None else rotate(query)
        return query @ query.transpose(-1, -2) * self.scale


def _not_one_head(attention: Attention) -> str | None:
    refusal = not_square(attention)
    if refusal is not None:
        return refusal
    scores = attention.scores
    if scores.query_map is not None:
        return "a map stands between projection and product"
    if scores.heads > 1 or scores.head_width != scores.query.in_features:
        return (
            f"{scores.heads} heads of width {scores.head_width} on a stream of {scores.query.in_features}; a triangular "
            "factor needs one head as wide as the stream"
        )
    return None


@register_form("symmetric_cholesky", "scores", "a triangular projection for queries and keys", _not_one_head)
def symmetric_cholesky(attention: Attention, request: Request) -> CholeskyScores:
    """Draw a triangular factor, or convert to that of the nearest positive semi-definite form."""
    scores, width = attention.scores, attention.scores.query.in_features
    rows, columns = torch.tril_indices(width, width)
    if request.mode == "scratch":
        entries = torch.randn(len(rows), dtype=torch.float64)
        entries *= (DIAGONAL_LOGIT / scores.scale / entries.pow(2).sum()).sqrt()
    else:
        weights = score_weights(scores)
        values, vectors = torch.linalg.eigh((weights.form + weights.form.transpose(-1, -2))[0] / 2 / scores.scale)
        # F F^T with F = V sqrt(values); the QR factorisation of F^T turns F into a triangle.
        upper = torch.linalg.qr((vectors * values.clamp_min(0).sqrt()).T).R
        entries = upper.T[rows, columns]
    return CholeskyScores(like(entries, attention), width, scores.scale)
