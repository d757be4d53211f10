"""BERT (arXiv 1810.04805)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench_kernels.encoder.layers import PostNormLayer, PostNormParts
from workbench_kernels.encoder.model import PackedModel
from workbench_kernels.encoder.registry import packs
from workbench_kernels.packed import Packed


@packs("BertModel")
class PackedBert(PackedModel):
    """`BertModel` on packed rows."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.embeddings, self.pooler = model.embeddings, model.pooler
        heads, activation = model.config.num_attention_heads, model.config.hidden_act
        self.layers = nn.ModuleList(PostNormLayer(_parts(layer), heads, activation) for layer in model.encoder.layer)

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings.word_embeddings

    def embed(self, packed: Packed, tokens: torch.Tensor | None, given: torch.Tensor | None, **more: Any) -> Any:
        positions = more.get("position_ids", packed.places % packed.padded)
        kinds = more.get("token_type_ids", torch.zeros_like(positions))
        ids, embedded = (None if one is None else one[None] for one in (tokens, given))
        return self.embeddings(ids, kinds[None], positions[None], embedded)[0]

    def encode(self, rows: torch.Tensor, packed: Packed) -> torch.Tensor:
        for layer in self.layers[:-1]:
            rows = layer(rows, packed)
        return self.layers[-1](rows, packed, last=True)

    def finish(self, states: torch.Tensor) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

        pooled = None if self.pooler is None else self.pooler(states)
        return BaseModelOutputWithPoolingAndCrossAttentions(last_hidden_state=states, pooler_output=pooled)


def _parts(layer: Any) -> PostNormParts:
    own, output = layer.attention.self, layer.attention.output
    return PostNormParts(
        own.query,
        own.key,
        own.value,
        output.dense,
        output.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
        layer.output.LayerNorm,
    )
