"""Attention of T5 and mT5: no scale, no biases, one table of relative positions a stack."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.attention.host import Host, Shell, additive, causal, refuse_cache, register_host


class _Shell(Shell):
    """Called like `T5Attention`; the emptied old module keeps the table of relative positions."""

    def __init__(self, attention: Attention, positions: Any) -> None:
        super().__init__(attention)
        self.positions = positions

    @property
    def relative_attention_bias(self) -> nn.Embedding:
        """The table, where initialisers look for it."""
        return self.positions.relative_attention_bias

    def forward(
        self,
        hidden_states: torch.Tensor,
        mask: torch.Tensor | None = None,
        key_value_states: torch.Tensor | None = None,
        position_bias: torch.Tensor | None = None,
        cache: Any = None,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        refuse_cache(cache)
        context = hidden_states if key_value_states is None else key_value_states
        if position_bias is None:
            position_bias = self._bias(hidden_states, context)
        own = self.positions.is_causal and key_value_states is None
        bias = causal(mask, hidden_states) if own else additive(mask, hidden_states)
        total = position_bias if bias is None else position_bias + bias
        return self.attention(hidden_states, context, bias=total), position_bias, None

    def _bias(self, states: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        if self.positions.has_relative_attention_bias:
            return self.positions.compute_bias(states.shape[1], context.shape[1], device=states.device)
        return states.new_zeros(1, self.attention.heads, states.shape[1], context.shape[1])


@register_host("transformers.models.t5.modeling_t5.T5Attention", "transformers.models.mt5.modeling_mt5.MT5Attention")
class T5Host(Host):
    """Reads `T5Attention`; it is cross attention where the layer around it says so."""

    def read(self, module: Any) -> Attention:
        scores = FactoredScores(module.q, module.k, module.n_heads, module.scaling)
        values = FactoredValues(module.v, module.o, module.n_heads)
        return Attention(scores, values, dropout=module.dropout)

    def shell(self, module: Any, attention: Attention) -> nn.Module:
        for name in ("q", "k", "v", "o"):
            delattr(module, name)
        return _Shell(attention, module)
