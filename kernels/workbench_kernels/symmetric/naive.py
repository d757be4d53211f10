"""The reference: sequences of one length at a time, as an ordinary batch."""

from __future__ import annotations

import torch

from workbench_kernels.varlen import naive


def symmetric_attention(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    scale: float,
    signs: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return [row, head, value width]; see `workbench_kernels.symmetric.op`."""
    return naive.varlen_attention(query, query if signs is None else query * signs, value, offsets, scale)


def ranges(query: torch.Tensor, offsets: torch.Tensor, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return half the squared length of each row [row, head], and the highest minus the lowest [sequence, head]."""
    halves = query.float().square().sum(-1) * (scale / 2)
    sequence = torch.repeat_interleave(offsets.diff().long(), output_size=len(query))[:, None].expand_as(halves)
    extremes = [
        halves.new_zeros(len(offsets) - 1, query.shape[1]).scatter_reduce(0, sequence, halves, how, include_self=False)
        for how in ("amax", "amin")
    ]
    return halves, torch.stack(extremes)
