"""DistilBERT (arXiv 1910.01108)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench_kernels.encoder.layers import PostNormLayer, PostNormParts
from workbench_kernels.encoder.model import PackedModel
from workbench_kernels.encoder.registry import packs
from workbench_kernels.packed import Packed


@packs("DistilBertModel")
class PackedDistilBert(PackedModel):
    """`DistilBertModel` on packed rows."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.embeddings = model.embeddings
        heads, activation = model.config.n_heads, model.config.activation
        self.layers = nn.ModuleList(PostNormLayer(_parts(one), heads, activation) for one in model.transformer.layer)

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings.word_embeddings

    def embed(self, packed: Packed, tokens: torch.Tensor | None, given: torch.Tensor | None, **more: Any) -> Any:
        positions = more.get("position_ids", packed.places % packed.padded)[None]
        ids, embedded = (None if one is None else one[None] for one in (tokens, given))
        return self.embeddings(ids, embedded, positions)[0]

    def encode(self, rows: torch.Tensor, packed: Packed) -> torch.Tensor:
        for layer in self.layers[:-1]:
            rows = layer(rows, packed)
        return self.layers[-1](rows, packed, last=True)


def _parts(layer: Any) -> PostNormParts:
    own, mlp = layer.attention, layer.ffn
    maps = (own.q_lin, own.k_lin, own.v_lin, own.out_lin)
    return PostNormParts(*maps, layer.sa_layer_norm, mlp.lin1, mlp.lin2, layer.output_layer_norm)
