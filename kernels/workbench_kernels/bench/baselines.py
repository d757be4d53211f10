"""Attention of PyTorch to compare with: each backend alone, compiled, and over packed sequences."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from workbench_kernels.bench.case import Case, Work, add_if_it_runs
from workbench_kernels.packed import Packed, gather, unpack
from workbench_kernels.varlen.naive import spread

BACKENDS = {
    "SDPA flash": SDPBackend.FLASH_ATTENTION,
    "SDPA memory-efficient": SDPBackend.EFFICIENT_ATTENTION,
    "SDPA cuDNN": SDPBackend.CUDNN_ATTENTION,
    "SDPA math": SDPBackend.MATH,
}


def add_attention(
    case: Case,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    packed: Packed,
    scale: float,
    table: torch.Tensor | None = None,
) -> None:
    """Add PyTorch's attentions on the same packed inputs [row, head, width].

    Padded ones get their batch prepared beforehand; their result is packed again where lengths differ.
    """
    q, k, v = (unpack(part, packed).transpose(1, 2).contiguous() for part in (query, key, value))
    ragged = packed.batch * packed.padded != len(query)
    bias = None if table is None else spread(table, packed.padded).to(q.dtype)
    mask = bias
    if ragged:
        kept = unpack(torch.ones(len(query), dtype=torch.bool, device=query.device), packed)[:, None, None]
        hidden = torch.zeros(kept.shape, dtype=q.dtype, device=q.device).masked_fill(~kept, float("-inf"))
        mask = hidden if bias is None else bias + hidden

    def back(mixed: torch.Tensor) -> torch.Tensor:
        rows = mixed.transpose(1, 2)
        return gather(rows, packed) if ragged else rows.flatten(0, 1)

    for name, backend in BACKENDS.items():

        def build(backend: SDPBackend = backend) -> Work:
            def work() -> torch.Tensor:
                with sdpa_kernel(backend):
                    return back(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale))

            return work

        add_if_it_runs(case, name, build)
    add_if_it_runs(case, "FlexAttention compiled", lambda: _flex(q, k, v, packed, scale, bias, back))
    if table is None:
        add_if_it_runs(case, "varlen_attn", lambda: _varlen(query, key, value, packed, scale))


def _flex(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    packed: Packed,
    scale: float,
    bias: torch.Tensor | None,
    back: Callable[[torch.Tensor], torch.Tensor],
) -> Work:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    lengths = packed.offsets.diff()
    blocks = create_block_mask(
        lambda b, h, i, j: j < lengths[b], packed.batch, None, q.shape[2], k.shape[2], device=q.device
    )
    compiled = torch.compile(flex_attention)

    def add(score: torch.Tensor, b: torch.Tensor, h: torch.Tensor, i: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
        return score if bias is None else score + bias[h, i, j]

    change = None if bias is None else add

    def work() -> torch.Tensor:
        found = compiled(q, k, v, score_mod=change, block_mask=blocks, scale=scale)
        return back(found if isinstance(found, torch.Tensor) else found[0])

    return work


def _varlen(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, packed: Packed, scale: float) -> Work:
    from torch.nn.attention.varlen import varlen_attn

    offsets, longest = packed.offsets, packed.longest

    def work() -> torch.Tensor:
        found = varlen_attn(query, key, value, offsets, offsets, longest, longest, scale=scale)
        return found if isinstance(found, torch.Tensor) else found[0]

    return work
