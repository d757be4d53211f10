"""The kernel: one program a block of tokens and of channels; a tap reads the same rows, moved back."""

from __future__ import annotations

from typing import Final

import torch
import triton
import triton.language as tl

BLOCK: Final = 32
PIECE: Final = 64


@triton.jit
def _convolve(
    rows, taps, out, offsets, stride, channels, TAPS: tl.constexpr, BLOCK: tl.constexpr, PIECE: tl.constexpr
):  # fmt: skip
    first = tl.load(offsets + tl.program_id(2))
    count = tl.load(offsets + tl.program_id(2) + 1) - first
    if tl.program_id(0) * BLOCK < count:
        places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        columns = tl.program_id(1) * PIECE + tl.arange(0, PIECE)
        mask = (places < count)[:, None] & (columns < channels)[None, :]
        total = tl.zeros([BLOCK, PIECE], tl.float32)
        for back in tl.static_range(TAPS):
            at = (first + places - back).to(tl.int64)[:, None] * stride + columns[None, :]
            past = tl.load(rows + at, mask=mask & (places >= back)[:, None], other=0.0).to(tl.float32)
            tap = tl.load(taps + back * channels + columns, mask=columns < channels, other=0.0).to(tl.float32)
            total += past * tap[None, :]
        at = (first + places).to(tl.int64)[:, None] * channels + columns[None, :]
        tl.store(out + at, total.to(out.dtype.element_ty), mask=mask)


def convolve(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
    """Launch the kernel; see `workbench_kernels.convolution.op`."""
    rows = rows if rows.stride(1) == 1 else rows.contiguous()
    out = torch.empty_like(rows, memory_format=torch.contiguous_format)
    grid = (triton.cdiv(max(1, longest), BLOCK), triton.cdiv(rows.shape[1], PIECE), len(offsets) - 1)
    if out.numel():
        _convolve[grid](
            rows, taps.contiguous(), out, offsets, rows.stride(0), rows.shape[1],
            TAPS=len(taps), BLOCK=BLOCK, PIECE=PIECE,
        )  # fmt: skip
    return out
