"""The reference: sequences of one length at a time, as an ordinary batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from workbench_kernels.packed import by_length


def varlen_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    scale: float,
    table: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return [row, head, width]; see `workbench_kernels.varlen.op`."""
    out = torch.zeros_like(value)
    whole = None if table is None else spread(table, int(offsets.diff().max()))
    for rows, length in by_length(offsets):
        q, k, v = (part[rows].transpose(1, 2) for part in (query, key, value))
        # Only a mask of four dimensions takes PyTorch's fast path.
        bias = None if whole is None else whole[None, :, :length, :length]
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale)
        out[rows] = mixed.transpose(1, 2)
    return out


def gradients(
    gradient: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    scale: float,
    table: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of query, key and value, written out: autograd does not work within an operator."""
    found = [torch.zeros_like(part, memory_format=torch.contiguous_format) for part in (query, key, value)]
    for rows, length in by_length(offsets):
        g, q, k, v = (part[rows].transpose(1, 2) for part in (gradient, query, key, value))
        logits = q @ k.transpose(-1, -2) * scale
        weights = (logits if table is None else logits + spread(table, length)).softmax(-1)
        change = g @ v.transpose(-1, -2)
        change = scale * weights * (change - (weights * change).sum(-1, keepdim=True))
        parts = (change @ k, change.transpose(-1, -2) @ q, weights.transpose(-1, -2) @ g)
        for whole, part in zip(found, parts, strict=True):
            whole[rows] = part.transpose(1, 2)
    return found[0], found[1], found[2]


def spread(table: torch.Tensor, length: int) -> torch.Tensor:
    """Return the bias [head, query token, key token] of a table [head, distance], whose middle is distance 0."""
    places = torch.arange(length, device=table.device)
    return table[:, places - places[:, None] + table.shape[1] // 2]
