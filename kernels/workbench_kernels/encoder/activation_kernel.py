"""The kernel of `activate`: one program a piece of a row."""

from __future__ import annotations

from typing import Final

import torch
import triton
import triton.language as tl

PIECE: Final = 1024
SQRT_HALF: Final = tl.constexpr(0.7071067811865476)
# Twice the square root of 2 / pi.
TANH_SCALE: Final = tl.constexpr(1.5957691216057308)


@triton.jit
def _act(x, KIND: tl.constexpr):
    if KIND == "gelu":
        y = 0.5 * x * (1.0 + tl.erf(x * SQRT_HALF))
    elif KIND == "gelu_tanh":
        # 1 + tanh(z) = 2 sigmoid(2 z).
        y = x * tl.sigmoid((x + 0.044715 * x * x * x) * TANH_SCALE)
    elif KIND == "silu":
        y = x * tl.sigmoid(x)
    else:
        y = tl.maximum(x, 0.0)
        if KIND == "squared_relu":
            y = y * y
    return y


@triton.jit
def _activate(
    hidden, bias, out, stride,
    WIDTH: tl.constexpr, PIECE: tl.constexpr, KIND: tl.constexpr, BIASED: tl.constexpr, GATED: tl.constexpr,
):  # fmt: skip
    row, columns = tl.program_id(0).to(tl.int64), tl.program_id(1) * PIECE + tl.arange(0, PIECE)
    inside = columns < WIDTH
    x = tl.load(hidden + row * stride + columns, mask=inside, other=0.0).to(tl.float32)
    if BIASED:
        x += tl.load(bias + columns, mask=inside, other=0.0).to(tl.float32)
    y = _act(x, KIND)
    if GATED:
        gate = tl.load(hidden + row * stride + WIDTH + columns, mask=inside, other=0.0).to(tl.float32)
        if BIASED:
            gate += tl.load(bias + WIDTH + columns, mask=inside, other=0.0).to(tl.float32)
        y = y * gate
    tl.store(out + row * WIDTH + columns, y.to(out.dtype.element_ty), mask=inside)


def activate(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None, gated: bool) -> torch.Tensor:
    """Launch the kernel; see `workbench_kernels.encoder.activation.activate`."""
    hidden = hidden if hidden.stride(1) == 1 else hidden.contiguous()
    width = hidden.shape[1] // 2 if gated else hidden.shape[1]
    out = hidden.new_empty(len(hidden), width)
    piece = min(PIECE, triton.next_power_of_2(width))
    if len(hidden):
        _activate[(len(hidden), triton.cdiv(width, piece))](
            hidden, hidden if bias is None else bias, out, hidden.stride(0),
            WIDTH=width, PIECE=piece, KIND=kind, BIASED=bias is not None, GATED=gated,
        )  # fmt: skip
    return out
