"""Attention of timm's vision transformers: fused projections, bidirectional, no positions in the score."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.attention.host import Host, Shell, additive, causal, fused, register_host
from workbench.errors import RefusedError


class _Shell(Shell):
    """Called like timm's attention modules."""

    def __init__(self, attention: Attention, dropout: nn.Module) -> None:
        super().__init__(attention)
        self.dropout = dropout

    def forward(self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False) -> torch.Tensor:
        bias = causal(attn_mask, x) if is_causal else additive(attn_mask, x)
        return self.dropout(self.attention(x, bias=bias))


class _TimmHost(Host):
    def shell(self, module: Any, attention: Attention) -> nn.Module:
        return _Shell(attention, module.proj_drop)


@register_host("timm.layers.attention.Attention", "timm.models.metaformer.Attention")
class FusedHost(_TimmHost):
    """Reads attention whose queries, keys and values come from one linear module."""

    def read(self, module: Any) -> Attention:
        if getattr(module, "gate", None) is not None or not isinstance(getattr(module, "norm", None), _Absent):
            raise RefusedError("plain attention", "a gate or a norm of the output", "leave this site as it is")
        query, key, value = (fused(module.qkv, place, 3) for place in range(3))
        maps = [getattr(module, name, None) for name in ("q_norm", "k_norm")]
        query_map, key_map = (None if isinstance(part, _Absent) else part for part in maps)
        scores = FactoredScores(query, key, module.num_heads, module.scale, query_map, key_map)
        values = FactoredValues(value, module.proj, module.num_heads)
        return Attention(scores, values, dropout=module.attn_drop.p)


@register_host("timm.models.tnt.Attention")
class TntHost(_TimmHost):
    """Reads attention whose queries and keys come from one linear module and values from another."""

    def read(self, module: Any) -> Attention:
        query, key = (fused(module.qk, place, 2) for place in range(2))
        scores = FactoredScores(query, key, module.num_heads, module.scale)
        values = FactoredValues(module.v, module.proj, module.num_heads)
        return Attention(scores, values, dropout=module.attn_drop.p)


_Absent = (nn.Identity, type(None))
