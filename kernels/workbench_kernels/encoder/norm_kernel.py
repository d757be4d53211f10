"""The kernel of `add_norm`: one program a row, sums in float32."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of


@triton.jit
def _add_norm(
    rows, weight, bias, residual, shift, places, total, normed, stride, residual_stride, eps,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BIASED: tl.constexpr, RESIDUAL: tl.constexpr, SHIFTED: tl.constexpr,
    CENTRED: tl.constexpr, PLACED: tl.constexpr,
):  # fmt: skip
    row, columns = tl.program_id(0).to(tl.int64), tl.arange(0, TILE)
    inside = columns < WIDTH
    x = tl.load(rows + row * stride + columns, mask=inside, other=0.0).to(tl.float32)
    if BIASED:
        x += tl.load(bias + columns, mask=inside, other=0.0).to(tl.float32)
    if RESIDUAL:
        x += tl.load(residual + row * residual_stride + columns, mask=inside, other=0.0).to(tl.float32)
    x = x.to(total.dtype.element_ty)
    tl.store(total + row * WIDTH + columns, x, mask=inside)
    # The norm is that of the rounded sum, as if both had been computed one after the other.
    x = x.to(tl.float32)
    if CENTRED:
        x = tl.where(inside, x - tl.sum(x, 0) / WIDTH, 0.0)
    y = x / tl.sqrt(tl.sum(x * x, 0) / WIDTH + eps) * tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    if SHIFTED:
        y += tl.load(shift + columns, mask=inside, other=0.0).to(tl.float32)
    place = tl.load(places + row) if PLACED else row
    tl.store(normed + place * WIDTH + columns, y.to(normed.dtype.element_ty), mask=inside)


def add_norm(
    rows: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    shift: torch.Tensor | None,
    eps: float,
    centred: bool,
    places: torch.Tensor | None,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Launch the kernel; see `workbench_kernels.encoder.norm.add_norm`."""
    rows = rows if rows.stride(1) == 1 else rows.contiguous()
    residual = residual if residual is None or residual.stride(1) == 1 else residual.contiguous()
    count, width = rows.shape
    total = rows.new_empty(count, width)
    normed = rows.new_empty(count, width) if places is None else rows.new_zeros(size, width)
    if count:
        _add_norm[(count,)](
            rows, weight,
            *(weight if one is None else one for one in (bias, residual, shift, places)),
            total, normed, rows.stride(0), 0 if residual is None else residual.stride(0), eps,
            WIDTH=width, TILE=tile_of(width), BIASED=bias is not None, RESIDUAL=residual is not None,
            SHIFTED=shift is not None, CENTRED=centred, PLACED=places is not None,
            num_warps=4 if width <= 1024 else 8,
        )  # fmt: skip
    return total, normed
