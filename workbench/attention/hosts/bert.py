"""Attention of BERT: biases everywhere, the norm after the residual sum."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.attention.host import Host, Shell, additive, refuse_cache, register_host


class _Shell(Shell):
    """Called like `BertAttention`."""

    def __init__(self, attention: Attention, dropout: nn.Module, norm: nn.Module) -> None:
        super().__init__(attention)
        self.dropout, self.norm = dropout, norm

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, None]:
        refuse_cache(kwargs.get("cache"))
        attended = self.attention(hidden_states, bias=additive(attention_mask, hidden_states))
        return self.norm(self.dropout(attended) + hidden_states), None


@register_host("transformers.models.bert.modeling_bert.BertAttention")
class BertHost(Host):
    """Reads `BertAttention` of an encoder."""

    def read(self, module: Any) -> Attention:
        own, heads = module.self, module.self.num_attention_heads
        scores = FactoredScores(own.query, own.key, heads, own.scaling)
        values = FactoredValues(own.value, module.output.dense, heads)
        return Attention(scores, values, dropout=own.dropout.p)

    def shell(self, module: Any, attention: Attention) -> nn.Module:
        return _Shell(attention, module.output.dropout, module.output.LayerNorm)
