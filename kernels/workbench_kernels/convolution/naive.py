"""The reference: one shifted product a tap, zeros where a tap would reach into the sequence before."""

from __future__ import annotations

import torch


def causal_convolution(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Return [row, channel]; see `workbench_kernels.convolution.op`."""
    lengths = offsets.diff().long()
    place = torch.arange(len(rows), device=rows.device)
    place = place - torch.repeat_interleave(offsets[:-1].long(), lengths, output_size=len(rows))
    total = rows * taps[0]
    for back in range(1, len(taps)):
        past = torch.nn.functional.pad(rows, (0, 0, back, 0))[: len(rows)]
        total = total + taps[back] * past * (place >= back)[:, None]
    return total
