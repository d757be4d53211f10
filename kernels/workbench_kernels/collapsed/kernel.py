"""The kernel: one program a block of queries of a sequence; each tile of tokens is read once, as key and as value."""

from __future__ import annotations

from typing import Final

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of
from workbench_kernels.varlen.kernel import _load_rows

# Up to here the form is multiplied within the kernel, where it stays in the cache; above, before it.
FUSED_WIDTH: Final = 128


@triton.jit
def _forward(
    tokens, queries, form, column, out, offsets, token_row, query_row,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
    FUSED: tl.constexpr, SHIFTED: tl.constexpr,
):  # fmt: skip
    block, sequence = tl.program_id(0), tl.program_id(1)
    first = tl.load(offsets + sequence)
    count = tl.load(offsets + sequence + 1) - first
    if block * BLOCK_M < count:
        rows, columns = block * BLOCK_M + tl.arange(0, BLOCK_M), tl.arange(0, TILE)
        if FUSED:
            x = _load_rows(tokens, first, rows, count, token_row, columns, WIDTH)
            inside = (columns < WIDTH)[:, None] & (columns < WIDTH)[None, :]
            g = tl.load(form + columns[:, None] * WIDTH + columns[None, :], mask=inside, other=0.0)
            product = tl.dot(x, g, input_precision="ieee")
            if SHIFTED:
                product += tl.load(column + columns, mask=columns < WIDTH, other=0.0).to(tl.float32)[None, :]
            query = product.to(x.dtype)
        else:
            query = _load_rows(queries, first, rows, count, query_row, columns, WIDTH)
        highest = tl.full([BLOCK_M], float("-inf"), tl.float32)
        total_weight = tl.zeros([BLOCK_M], tl.float32)
        mixed = tl.zeros([BLOCK_M, TILE], tl.float32)
        for start in range(0, count, BLOCK_N):
            others = start + tl.arange(0, BLOCK_N)
            other = _load_rows(tokens, first, others, count, token_row, columns, WIDTH)
            logits = tl.dot(query, tl.trans(other), input_precision="ieee")
            logits = tl.where((others < count)[None, :], logits, float("-inf"))
            now = tl.maximum(highest, tl.max(logits, 1))
            kept, weights = tl.exp(highest - now), tl.exp(logits - now[:, None])
            total_weight = total_weight * kept + tl.sum(weights, 1)
            mixed = mixed * kept[:, None] + tl.dot(weights.to(other.dtype), other, input_precision="ieee")
            highest = now
        at = out + (first + rows).to(tl.int64)[:, None] * WIDTH + columns[None, :]
        mask = (rows < count)[:, None] & (columns < WIDTH)[None, :]
        tl.store(at, (mixed / total_weight[:, None]).to(out.dtype.element_ty), mask=mask)


def attend(
    rows: torch.Tensor, form: torch.Tensor, column: torch.Tensor | None, offsets: torch.Tensor, longest: int
) -> torch.Tensor:
    """Launch the kernel; see `workbench_kernels.collapsed.op`."""
    rows = rows if rows.stride(1) == 1 else rows.contiguous()
    total, width = rows.shape
    fused = width <= FUSED_WIDTH
    queries = rows
    if not fused:
        queries = rows @ form if column is None else torch.addmm(column, rows, form)
    out = torch.empty_like(rows, memory_format=torch.contiguous_format)
    height, across, warps = _blocks(width, rows.element_size(), longest)
    if total:
        _forward[(triton.cdiv(max(1, longest), height), len(offsets) - 1)](
            rows, queries, form.contiguous(), form if column is None else column.contiguous(), out, offsets,
            rows.stride(0), queries.stride(0),
            WIDTH=width, TILE=tile_of(width), BLOCK_M=height, BLOCK_N=across,
            FUSED=fused, SHIFTED=column is not None, num_warps=warps,
        )  # fmt: skip
    return out


def _blocks(width: int, bytes_each: int, longest: int) -> tuple[int, int, int]:
    """Return rows and columns of a tile, and warps, so that the sums of 4 bytes fit into the registers."""
    height = 128 if width <= 64 and bytes_each == 2 else 64
    across = 64 if width <= 128 and bytes_each == 2 else 32
    most = tile_of(max(1, longest))
    return min(height, most), min(across, most), 8 if width > 64 or height == 128 else 4
