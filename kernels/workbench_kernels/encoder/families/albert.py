"""ALBERT (arXiv 1909.11942): layers of one group share their weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench_kernels.encoder.layers import PostNormLayer, PostNormParts
from workbench_kernels.encoder.model import PackedModel
from workbench_kernels.encoder.registry import packs
from workbench_kernels.packed import Packed


@packs("AlbertModel")
class PackedAlbert(PackedModel):
    """`AlbertModel` on packed rows."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.embeddings, self.widen = model.embeddings, model.encoder.embedding_hidden_mapping_in
        self.pooler, self.pooler_activation = model.pooler, model.pooler_activation
        config = model.config
        self.groups = nn.ModuleList(
            nn.ModuleList(
                PostNormLayer(_parts(layer), config.num_attention_heads, config.hidden_act)
                for layer in group.albert_layers
            )
            for group in model.encoder.albert_layer_groups
        )

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings.word_embeddings

    def embed(self, packed: Packed, tokens: torch.Tensor | None, given: torch.Tensor | None, **more: Any) -> Any:
        positions = more.get("position_ids", packed.places % packed.padded)
        kinds = more.get("token_type_ids", torch.zeros_like(positions))[None]
        ids, embedded = (None if one is None else one[None] for one in (tokens, given))
        return self.widen(self.embeddings(ids, kinds, positions[None], embedded)[0])

    def encode(self, rows: torch.Tensor, packed: Packed) -> torch.Tensor:
        count = self.config.num_hidden_layers
        order = [layer for index in range(count) for layer in self.groups[index * len(self.groups) // count]]
        for layer in order[:-1]:
            rows = layer(rows, packed)
        return order[-1](rows, packed, last=True)

    def finish(self, states: torch.Tensor) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        pooled = None if self.pooler is None else self.pooler_activation(self.pooler(states[:, 0]))
        return BaseModelOutputWithPooling(last_hidden_state=states, pooler_output=pooled)


def _parts(layer: Any) -> PostNormParts:
    own = layer.attention
    maps = (own.query, own.key, own.value, own.dense)
    return PostNormParts(*maps, own.LayerNorm, layer.ffn, layer.ffn_output, layer.full_layer_layer_norm)
