"""Attention of Llama and its relatives: rotary positions, groups of queries, causal."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.attention.host import Host, Shell, causal, refuse_cache, register_host


class _Shell(Shell):
    """Called like `LlamaAttention`."""

    def forward(
        self,
        hidden_states: torch.Tensor,
        position_embeddings: tuple[torch.Tensor, torch.Tensor],
        attention_mask: torch.Tensor | None = None,
        cache: Any = None,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, None]:
        refuse_cache(cache)
        cos, sin = (part[:, None] for part in position_embeddings)

        def rotate(states: torch.Tensor) -> torch.Tensor:
            first, second = states.chunk(2, dim=-1)
            return states * cos + torch.cat([-second, first], dim=-1) * sin

        bias = causal(attention_mask, hidden_states)
        return self.attention(hidden_states, bias=bias, rotate=rotate if self.attention.rotary else None), None


@register_host("transformers.models.llama.modeling_llama.LlamaAttention")
class LlamaHost(Host):
    """Reads `LlamaAttention`."""

    def read(self, module: Any) -> Attention:
        heads = module.q_proj.out_features // module.head_dim
        scores = FactoredScores(module.q_proj, module.k_proj, heads, module.scaling)
        values = FactoredValues(module.v_proj, module.o_proj, heads // module.num_key_value_groups)
        return Attention(scores, values, dropout=module.attention_dropout, rotary=True)

    def shell(self, module: Any, attention: Attention) -> nn.Module:
        return _Shell(attention)
