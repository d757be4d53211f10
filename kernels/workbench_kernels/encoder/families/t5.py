"""The encoder of T5 (arXiv 1910.10683): relative positions, RMS norms before each part, no biases."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from workbench_kernels.encoder.layers import PreNormLayer
from workbench_kernels.encoder.model import PackedModel
from workbench_kernels.encoder.norm import add_norm
from workbench_kernels.encoder.registry import packs
from workbench_kernels.packed import Packed


@packs("T5Stack")
class PackedT5(PackedModel):
    """The encoder `T5Stack` on packed rows."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.embed_tokens, self.final = model.embed_tokens, model.final_layer_norm
        # It looks up the bias of each distance; its projections are not used.
        self.distances = model.block[0].layer[0].SelfAttention
        self.norms = nn.ModuleList(block.layer[0].layer_norm for block in model.block)
        activation, eps = model.config.dense_act_fn, model.config.layer_norm_epsilon
        self.layers = nn.ModuleList(
            PreNormLayer(own.SelfAttention, mlp.DenseReluDense, mlp.layer_norm.weight, activation, eps)
            for own, mlp in (block.layer for block in model.block)
        )

    def get_input_embeddings(self) -> nn.Module:
        return self.embed_tokens

    def embed(self, packed: Packed, tokens: torch.Tensor | None, given: torch.Tensor | None, **more: Any) -> Any:
        return given if given is not None else self.embed_tokens(tokens)

    def encode(self, rows: torch.Tensor, packed: Packed) -> torch.Tensor:
        table = self._table(packed.longest)
        rows, normed = self._norm(self.norms[0], rows)
        following = [*self.norms[1:], self.final]
        for layer, norm in zip(self.layers, following, strict=True):
            rows, added = layer(rows, normed, packed, table)
            rows, normed = self._norm(norm, added, rows, packed if norm is self.final else None)
        return normed

    def _norm(
        self, norm: Any, rows: torch.Tensor, residual: torch.Tensor | None = None, whole: Packed | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return add_norm(rows, norm.weight, residual=residual, eps=norm.variance_epsilon, centred=False, whole=whole)

    def _table(self, longest: int) -> torch.Tensor:
        """Return the bias [head, distance], distance 0 in the middle; buckets are looked up once for all layers."""
        embedding = self.distances.relative_attention_bias
        places = torch.arange(1 - longest, longest, device=embedding.weight.device)
        buckets = self.distances._relative_position_bucket(
            places,
            num_buckets=self.distances.relative_attention_num_buckets,
            max_distance=self.distances.relative_attention_max_distance,
        )
        return embedding(buckets).T
