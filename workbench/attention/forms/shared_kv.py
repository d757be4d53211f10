"""One projection for keys and values."""

from __future__ import annotations

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.attention.form import Request, linear, not_linear, register_form
from workbench.attention.forms.symmetric import SharedScores
from workbench.attention.weights import factored_values, value_weights


def _no_key(attention: Attention) -> str | None:
    refusal = not_linear(attention)
    if refusal is not None:
        return refusal
    if not isinstance(attention.scores, FactoredScores | SharedScores):
        return "the scores have no key projection to share"
    keys, values = _key(attention).out_features, factored_values(attention).value.out_features
    if keys != values:
        return f"keys are {keys} wide, values {values}"
    return None


def _key(attention: Attention) -> nn.Linear:
    scores = attention.scores
    if isinstance(scores, FactoredScores):
        return scores.key
    if isinstance(scores, SharedScores):
        return scores.query
    raise TypeError(f"expected scores with a key projection, got {type(scores).__name__}")


@register_form("shared_kv", "values", "one projection for keys and values", _no_key)
def shared_kv(attention: Attention, request: Request) -> FactoredValues:
    """Take the keys as values; when converting, refit the output so that each head's map changes least."""
    values, key = factored_values(attention), _key(attention)
    if request.mode == "scratch":
        return FactoredValues(key, values.output, values.value_heads)
    weights = value_weights(attention)
    own = key.weight.detach().double().unflatten(0, (values.value_heads, -1)).transpose(1, 2)
    own = own.repeat_interleave(attention.heads // values.value_heads, dim=0)
    output = torch.linalg.lstsq(own, weights.form).solution
    bias = weights.bias
    if key.bias is not None and bias is not None:
        shift = key.bias.detach().double().unflatten(0, (values.value_heads, -1))
        shift = shift.repeat_interleave(attention.heads // values.value_heads, dim=0)
        bias = bias - torch.einsum("hk,hkd->d", shift, output)
    return FactoredValues(key, linear(output.flatten(0, 1), attention, bias), values.value_heads)
