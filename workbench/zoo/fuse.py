"""Run a minimal Transformer of the zoo as one fused operator, for inference."""

from __future__ import annotations

import copy

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.surgery import NoBranch
from workbench.errors import RefusedError
from workbench.zoo.systems.vision.minimal import MinimalTransformer


class FusedMinimal(nn.Module):
    """A minimal Transformer whose layers run as one operator; made by `fuse_minimal`."""

    def __init__(self, model: MinimalTransformer) -> None:
        from workbench_kernels import MinimalNetwork

        super().__init__()
        self.embed, self.token, self.positions, self.head = model.embed, model.token, model.positions, model.head
        attentions = [copy.deepcopy(attention).double().cpu().eval() for attention in _attentions(model)]
        probes = [(_Logits(one), one.values) for one in attentions]
        norms = [(block.norm1, block.norm2) for block in model.blocks]
        self.layers = MinimalNetwork.probed(self.token.shape[-1], probes, norms, self.token.dtype).to(self.token.device)

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits [image, class] of images [image, channel, height, width]."""
        patches = self.embed(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(patches), -1, -1), patches], dim=1) + self.positions
        count, length = x.shape[:2]
        offsets = torch.arange(0, count * length + 1, length, dtype=torch.int32, device=x.device)
        return self.head(self.layers(x.flatten(0, 1), offsets, length).unflatten(0, (count, length))[:, 0])


def _attentions(model: MinimalTransformer) -> list[Attention]:
    found = [block.get_submodule("attention") for block in model.blocks]
    return [one for one in found if isinstance(one, Attention)]


class _Logits:
    """Calls an attention's scores with the same tokens as queries and keys."""

    def __init__(self, attention: Attention) -> None:
        self.attention = attention

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.attention.scores(tokens, tokens, None)


def fuse_minimal(model: MinimalTransformer) -> FusedMinimal:
    """Return a network that gives the same logits, all layers in one launch (`workbench_kernels.minimal_network`).

    Args:
        model: with one head and without MLPs, whatever the form of its queries, keys, values and output: all multiply
            out to one matrix each.

    Raises:
        RefusedError: several heads, or an MLP.
    """
    heads = max(attention.heads for attention in _attentions(model))
    if heads > 1:
        raise RefusedError("one head a layer", str(heads), "build `vision/minimal`")
    if not all(isinstance(block.get_submodule("mlp"), NoBranch) for block in model.blocks):
        raise RefusedError("a model without MLPs", "one with them", "operate on it with `no_mlp` first")
    return FusedMinimal(model)
