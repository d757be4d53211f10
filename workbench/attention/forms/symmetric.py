"""One projection for queries and keys, so that a head's form is symmetric."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.algebra import covariance_roots, symmetric_part
from workbench.attention.attention import Attention, Rotate, Scores, split_heads
from workbench.attention.form import (
    DIAGONAL_LOGIT,
    Request,
    like,
    linear,
    not_bilinear,
    not_square,
    register_form,
)
from workbench.attention.weights import factored_scores, score_weights


class SharedScores(Scores):
    """Products of queries with themselves, each channel with a sign (arXiv 2410.13732, section 5).

    Args:
        query: width to heads * head width.
        heads: number of heads.
        scale: factor on the products.
        signs: [head, 1, head width] of 1 and -1; all 1 makes the form positive semi-definite.
        column: [head, width], what a token adds to its logit whatever the query.
        query_map: what stands between projection and product, as in `FactoredScores`.
    """

    signs: torch.Tensor | None

    def __init__(
        self,
        query: nn.Linear,
        heads: int,
        scale: float,
        *,
        signs: torch.Tensor | None = None,
        column: torch.Tensor | None = None,
        query_map: nn.Module | None = None,
    ) -> None:
        super().__init__(heads)
        self.query, self.scale, self.query_map = query, scale, query_map
        self.register_buffer("signs", signs)
        self.column = None if column is None else nn.Parameter(column)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        query = split_heads(self.query(x), self.heads)
        query = query if self.query_map is None else self.query_map(query)
        query = query if rotate is None else rotate(query)
        key = query if self.signs is None else query * self.signs
        logits = query @ key.transpose(-1, -2) * self.scale
        if self.column is None:
            return logits
        return logits + (self.column @ x.transpose(-1, -2))[:, :, None, :]


@register_form("symmetric", "scores", "one projection for queries and keys", not_square)
def symmetric(attention: Attention, request: Request) -> SharedScores:
    """Share the query projection, or convert to the nearest positive semi-definite form (Higham 1988)."""
    return _shared(attention, request, signed=False)


@register_form("symmetric_signed", "scores", "one projection for queries and keys, with signs", not_square)
def symmetric_signed(attention: Attention, request: Request) -> SharedScores:
    """Share the query projection with half of the channels negative, or convert to the nearest symmetric form."""
    return _shared(attention, request, signed=True)


def _shared(attention: Attention, request: Request, *, signed: bool) -> SharedScores:
    # Where positions or norms act on single channels, the eigenvectors' channels would be others.
    if request.mode == "scratch" or not_bilinear(attention) is not None:
        return _tied(attention, request, signed=signed)
    weights = score_weights(attention)
    rank = request.rank or factored_scores(attention).head_width
    root, inverse = _roots(request.inputs, weights.query)
    values, vectors = symmetric_part(root @ weights.query, root @ weights.key)
    if not signed:
        values = values.clamp_min(0)
        order = values.argsort(dim=-1, descending=True)
        values, vectors = values.gather(-1, order), vectors.gather(-1, order[:, None].expand_as(vectors))
    values = values[:, :rank]
    query, signs = inverse @ vectors[..., :rank] * values.abs().sqrt()[:, None], values.sign()[:, None]
    column = weights.column
    if request.inputs is not None:
        # Of x G y^T with x = mean + d, what does not depend on y is the same in a row: at the mean nothing is lost.
        used = weights.scale * (query * signs) @ query.transpose(-1, -2)
        column = column + (weights.form.transpose(-1, -2) - used) @ request.inputs.to(used).mean(0)
    return SharedScores(
        linear(query.transpose(0, 1).flatten(1), attention),
        attention.heads,
        weights.scale,
        signs=like(signs, attention) if signed else None,
        column=like(column, attention) if column.any() else None,
    )


def _roots(inputs: torch.Tensor | None, query: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the root of the inputs' covariance, or the identity without inputs, and its inverse: [width, width]."""
    if inputs is None:
        identity = torch.eye(query.shape[-2], dtype=query.dtype, device=query.device)
        return identity, identity
    return covariance_roots(inputs.to(query).T.cov())


def _tied(attention: Attention, request: Request, *, signed: bool) -> SharedScores:
    """Share the query projection; in a training from scratch the logit of a token with itself sets its size."""
    scores = factored_scores(attention)
    weight = scores.query.weight.detach().unflatten(0, (scores.heads, -1))
    bias: torch.Tensor | None = scores.query.bias
    if request.mode == "scratch":
        bias = None if bias is None else torch.zeros_like(bias)
        if scores.query_map is None:
            weight = weight * (DIAGONAL_LOGIT / scores.scale / weight.pow(2).sum((1, 2), keepdim=True)).sqrt()
    signs = None
    if signed:
        signs = weight.new_ones(scores.heads, 1, scores.head_width)
        signs[..., 1::2] = -1
    query = linear(weight.flatten(0, 1).T, attention, bias)
    return SharedScores(query, scores.heads, scores.scale, signs=signs, query_map=scores.query_map)
