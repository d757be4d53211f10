"""Narrower queries and keys: the form of each head cut to a lower rank."""

from __future__ import annotations

from workbench.attention.algebra import truncated, whitened
from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores
from workbench.attention.form import Request, linear, not_bilinear, register_form
from workbench.attention.weights import factored_scores, score_weights


def _not_cut(attention: Attention) -> str | None:
    refusal = not_bilinear(attention)
    if refusal is not None:
        return refusal
    width = factored_scores(attention).head_width
    return "heads of width 1 have no lower rank" if width < 2 else None


@register_form("low_rank_qk", "scores", "queries and keys of half the width", _not_cut)
def low_rank_qk(attention: Attention, request: Request) -> FactoredScores:
    """Keep the strongest directions of each head's form, half of them unless a rank is given (Eckart-Young)."""
    weights = score_weights(attention)
    rank = request.rank or factored_scores(attention).head_width // 2
    if request.inputs is None:
        query, key = truncated(weights.query, weights.key, rank)
    else:
        moment = request.inputs.T @ request.inputs / len(request.inputs)
        query, key = whitened(weights.query, weights.key, moment, rank)
    # What a query bias adds lies along the keys; the nearest that the kept ones can express is kept with them.
    bias = None
    if factored_scores(attention).query.bias is not None:
        bias = (key.pinverse() @ weights.column[..., None] / weights.scale).flatten()
    scores = FactoredScores(
        linear(query.transpose(0, 1).flatten(1), attention, bias),
        linear(key.transpose(0, 1).flatten(1), attention),
        attention.heads,
        weights.scale,
    )
    return scores
