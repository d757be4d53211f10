"""The kernel: one program a block of queries, a head and a sequence, in one of two ways.

Within the range, weights are exp(q_i q_j - a_i - max a), which is never above 1: no running maximum and no rescaling.
Their sum is taken over the rounded weights that are multiplied, so that a row which attends to itself alone is exact.
"""

from __future__ import annotations

from typing import Final

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of
from workbench_kernels.symmetric.naive import ranges
from workbench_kernels.varlen.kernel import _load_rows, blocks

# The largest weight of a row is at least exp(-range): far above the smallest number of float32 and bfloat16, and still
# above float16's smallest with full precision.
WIDEST: Final = {torch.float32: 80.0, torch.bfloat16: 80.0, torch.float16: 4.0}


@triton.jit
def _logits(query, other, signs, head, columns, scale, WIDTH: tl.constexpr, SIGNED: tl.constexpr):
    """Return scaled products of queries with the queries of other rows."""
    if SIGNED:
        other = other * tl.load(signs + head * WIDTH + columns, mask=columns < WIDTH, other=0.0)[None, :]
    return tl.dot(query, tl.trans(other), input_precision="ieee") * scale


@triton.jit
def _forward(
    query, value, signs, halves, extremes, out, offsets,
    query_row, query_head, value_row, value_head, out_row, out_head,
    heads, sequences, scale, widest,
    WIDTH: tl.constexpr, TILE: tl.constexpr, VALUE_WIDTH: tl.constexpr, VALUE_TILE: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, SIGNED: tl.constexpr,
):  # fmt: skip
    block, head, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    first = tl.load(offsets + sequence)
    count = tl.load(offsets + sequence + 1) - first
    if block * BLOCK_M < count:
        rows = block * BLOCK_M + tl.arange(0, BLOCK_M)
        columns, value_columns = tl.arange(0, TILE), tl.arange(0, VALUE_TILE)
        q = _load_rows(query + head * query_head, first, rows, count, query_row, columns, WIDTH)
        total_weight = tl.zeros([BLOCK_M], tl.float32)
        mixed = tl.zeros([BLOCK_M, VALUE_TILE], tl.float32)
        top = tl.load(extremes + sequence * heads + head)
        low = tl.load(extremes + (sequences + sequence) * heads + head)
        # With signs the logits have no such bound.
        if (top - low < widest) & (not SIGNED):
            own = tl.load(halves + (first + rows) * heads + head, mask=rows < count, other=0.0)
            for start in range(0, count, BLOCK_N):
                others = start + tl.arange(0, BLOCK_N)
                k = _load_rows(query + head * query_head, first, others, count, query_row, columns, WIDTH)
                v = _load_rows(value + head * value_head, first, others, count, value_row, value_columns, VALUE_WIDTH)
                logits = _logits(q, k, signs, head, columns, scale, WIDTH, SIGNED)
                weights = tl.where((others < count)[None, :], tl.exp(logits - (own + top)[:, None]), 0.0).to(v.dtype)
                total_weight += tl.sum(weights.to(tl.float32), 1)
                mixed += tl.dot(weights, v, input_precision="ieee")
        else:
            highest = tl.full([BLOCK_M], float("-inf"), tl.float32)
            for start in range(0, count, BLOCK_N):
                others = start + tl.arange(0, BLOCK_N)
                k = _load_rows(query + head * query_head, first, others, count, query_row, columns, WIDTH)
                v = _load_rows(value + head * value_head, first, others, count, value_row, value_columns, VALUE_WIDTH)
                logits = _logits(q, k, signs, head, columns, scale, WIDTH, SIGNED)
                logits = tl.where((others < count)[None, :], logits, float("-inf"))
                now = tl.maximum(highest, tl.max(logits, 1))
                kept, weights = tl.exp(highest - now), tl.exp(logits - now[:, None]).to(v.dtype)
                total_weight = total_weight * kept + tl.sum(weights.to(tl.float32), 1)
                mixed = mixed * kept[:, None] + tl.dot(weights, v, input_precision="ieee")
                highest = now
        at = out + head * out_head + (first + rows).to(tl.int64)[:, None] * out_row + value_columns[None, :]
        mask = (rows < count)[:, None] & (value_columns < VALUE_WIDTH)[None, :]
        # Rows beyond the sequence have no weight, and are not stored.
        tl.store(at, (mixed / total_weight[:, None]).to(out.dtype.element_ty), mask=mask)


def attend(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    signs: torch.Tensor | None = None,
    widest: float | None = None,
) -> torch.Tensor:
    """Launch the kernel; see `workbench_kernels.symmetric.op`.

    Args:
        query, value, offsets, longest, scale, signs: as there.
        widest: range of half squared lengths up to which no running maximum is used; that of the type unless given.
    """
    query, value = (part if part.stride(2) == 1 else part.contiguous() for part in (query, value))
    out = torch.empty_like(value, memory_format=torch.contiguous_format)
    halves, extremes = ranges(query, offsets, scale)
    width, value_width = query.shape[2], value.shape[2]
    rows, columns, warps = blocks(max(width, value_width), query.element_size(), longest)
    grid = (triton.cdiv(max(1, longest), rows), query.shape[1], len(offsets) - 1)
    if len(query):
        _forward[grid](
            query, value, query if signs is None else signs.contiguous(), halves, extremes, out, offsets,
            *query.stride()[:2], *value.stride()[:2], *out.stride()[:2],
            query.shape[1], len(offsets) - 1, scale, WIDEST[query.dtype] if widest is None else widest,
            WIDTH=width, TILE=tile_of(width), VALUE_WIDTH=value_width, VALUE_TILE=tile_of(value_width),
            BLOCK_M=rows, BLOCK_N=columns, SIGNED=signs is not None, num_warps=warps,
        )  # fmt: skip
    return out
