"""Move a norm's gain and shift into the projections behind it, so that a head's form is measured on what is normal."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.weights import ScoreWeights, factored_scores, factored_values


def folded(weights: ScoreWeights, gain: torch.Tensor, shift: torch.Tensor | None = None) -> ScoreWeights:
    """Return the weights of scores of `z` where the inputs are `z * gain + shift`; only for self attention.

    Args:
        weights: those that see the inputs.
        gain, shift: [width], those of the norm before the attention.
    """
    gain = gain.detach().double()
    query, key, column = weights.query * gain[:, None], weights.key * gain[:, None], weights.column * gain
    if shift is not None:
        moved = torch.einsum("hdk,d->hk", weights.query, shift.detach().double())
        column = column + weights.scale * torch.einsum("hdk,hk->hd", key, moved)
    return replace(weights, query=query, key=key, column=column)


def fold_norm(norm: nn.LayerNorm | nn.RMSNorm, attention: Attention) -> None:
    """Move the gain and shift of a norm into an attention, in place; the norm must feed this attention alone.

    Args:
        norm: it keeps gain 1 and shift 0.
        attention: factored self attention; projections get a bias where a shift needs one.
    """
    scores, values = factored_scores(attention), factored_values(attention)
    shift = getattr(norm, "bias", None)
    with torch.no_grad():
        for projection in (scores.query, scores.key, values.value):
            if shift is not None:
                moved = projection.weight @ shift
                projection.bias = nn.Parameter(moved if projection.bias is None else projection.bias + moved)
            projection.weight.mul_(norm.weight)
        norm.weight.fill_(1)
        if shift is not None:
            shift.zero_()
