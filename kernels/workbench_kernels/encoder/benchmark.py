"""A BERT-base encoder on packed rows against the same layers on the padded batch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from workbench_kernels.bench.case import OURS, Case, add_if_it_runs, compiled, mixed, score_flops
from workbench_kernels.encoder.layers import PostNormLayer, PostNormParts
from workbench_kernels.packed import Packed, gather, unpack

WIDTH, HEADS, HIDDEN, LAYERS = 768, 12, 3072, 12


def cases(device: str, small: bool) -> Iterator[Case]:
    """Yield batches of 16 sequences of up to 64, 128, 256, 512 and 1,024 tokens, 60 % of it in the mean."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    torch.manual_seed(0)
    layers = [_parts() for _ in range(1 if small else LAYERS)]
    modules = nn.ModuleList(module for parts in layers for module in vars(parts).values())
    modules.requires_grad_(False).to(device, kind)
    fused = [PostNormLayer(parts, HEADS, "gelu") for parts in layers]
    weights = sum(weight.numel() for weight in modules.parameters())
    for longest in (24,) if small else (64, 128, 256, 512, 1024):
        packed = mixed(3 if small else 16, longest, device)
        rows = torch.randn(len(packed.places), WIDTH, device=device).to(kind)
        flops = len(layers) * score_flops(packed, WIDTH) + 2 * len(rows) * weights
        moved = (2 * rows.numel() + weights) * rows.element_size()
        case = Case(
            "BERT-base encoder", f"16 x {longest}, mean 60 %", {OURS: partial(_packed, fused, rows, packed)},
            flops, moved, 1.3,
        )  # fmt: skip
        given = (layers, unpack(rows, packed), packed)
        case.contenders["padded eager"] = partial(_padded, *given)
        add_if_it_runs(case, "padded compiled", partial(compiled, _padded, *given))
        add_if_it_runs(case, "packed compiled", partial(compiled, _rowwise, layers, rows, packed))
        yield case


def _parts() -> PostNormParts:
    query, key, value, output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
    up, down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
    return PostNormParts(query, key, value, output, nn.LayerNorm(WIDTH), up, down, nn.LayerNorm(WIDTH))


def _packed(layers: list[PostNormLayer], rows: torch.Tensor, packed: Packed) -> torch.Tensor:
    for layer in layers:
        rows = layer(rows, packed)
    return rows


def _padded(layers: list[PostNormParts], tokens: torch.Tensor, packed: Packed) -> torch.Tensor:
    kept = torch.arange(packed.padded, device=tokens.device) < packed.offsets.diff()[:, None]
    for parts in layers:
        q, k, v = (
            one(tokens).unflatten(-1, (HEADS, -1)).transpose(1, 2) for one in (parts.query, parts.key, parts.value)
        )
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=kept[:, None, None])
        tokens = _rest(parts, tokens, attended.transpose(1, 2).flatten(2))
    return gather(tokens, packed)


def _rowwise(layers: list[PostNormParts], rows: torch.Tensor, packed: Packed) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    where = (packed.offsets, packed.offsets, packed.longest, packed.longest)
    for parts in layers:
        q, k, v = (one(rows).unflatten(-1, (HEADS, -1)) for one in (parts.query, parts.key, parts.value))
        attended = varlen_attn(q, k, v, *where)
        assert isinstance(attended, torch.Tensor)
        rows = _rest(parts, rows, attended.flatten(1))
    return rows


def _rest(parts: PostNormParts, stream: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    stream = parts.norm1(stream + parts.output(attended))
    return parts.norm2(stream + parts.down(F.gelu(parts.up(stream))))
