"""The reference: layer after layer, sequences of one length at a time."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from workbench_kernels.collapsed import naive


def minimal_network(
    rows: torch.Tensor,
    forms: torch.Tensor,
    columns: torch.Tensor,
    maps: torch.Tensor | None,
    shifts: torch.Tensor | None,
    norms: torch.Tensor,
    eps: float,
    offsets: torch.Tensor,
) -> torch.Tensor:
    """Return [row, width]; see `workbench_kernels.minimal.op`."""
    for layer, form in enumerate(forms):
        mixed = naive.collapsed_attention(rows, form, columns[layer], offsets)
        mixed = mixed if maps is None else mixed @ maps[layer]
        rows = rows + (mixed if shifts is None else mixed + shifts[layer])
        for weight, shift in norms[layer]:
            rows = F.layer_norm(rows, weight.shape, weight, shift, eps)
    return rows
