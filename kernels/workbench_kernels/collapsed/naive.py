"""The reference: sequences of one length at a time, as an ordinary batch."""

from __future__ import annotations

import torch

from workbench_kernels.varlen import naive


def collapsed_attention(
    rows: torch.Tensor, form: torch.Tensor, column: torch.Tensor | None, offsets: torch.Tensor
) -> torch.Tensor:
    """Return [row, width]; see `workbench_kernels.collapsed.op`."""
    query = rows @ form if column is None else rows @ form + column
    query, tokens = query[:, None], rows[:, None]
    return naive.varlen_attention(query, tokens, tokens, offsets, 1.0)[:, 0]
