"""The forward kernel: one program a block of queries, a head and a sequence, with a running maximum.

After FlashAttention-2 (arXiv 2307.08691). The bias of a tile is read from a table of distances, so that no bias of
query x key is ever made.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of


@triton.jit
def _load_rows(base, first, rows, count, stride, columns, width: tl.constexpr):
    """Load rows [row, column] of a packed tensor; what is beyond the sequence or the width reads 0."""
    at = base + (first + rows).to(tl.int64)[:, None] * stride + columns[None, :]
    return tl.load(at, mask=(rows < count)[:, None] & (columns < width)[None, :], other=0.0)


@triton.jit
def _tile_logits(
    query, key, table, head, rows, columns, count, scale, span, BIASED: tl.constexpr, BLOCK_N: tl.constexpr
):
    """Return scaled products with their bias, -inf beyond the sequence."""
    logits = tl.dot(query, tl.trans(key), input_precision="ieee") * scale
    seen = (rows < count)[:, None] & (columns < count)[None, :]
    if BIASED:
        distance = columns[None, :] - rows[:, None] + span // 2
        logits += tl.load(table + head * span + distance, mask=seen, other=0.0).to(tl.float32)
    return tl.where((columns < count)[None, :], logits, float("-inf"))


@triton.jit
def _forward(
    query, key, value, table, out, sums, offsets,
    query_row, query_head, key_row, key_head, value_row, value_head, out_row, out_head,
    total, scale, span,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    block, head, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    first = tl.load(offsets + sequence)
    count = tl.load(offsets + sequence + 1) - first
    if block * BLOCK_M < count:
        rows, columns = block * BLOCK_M + tl.arange(0, BLOCK_M), tl.arange(0, TILE)
        q = _load_rows(query + head * query_head, first, rows, count, query_row, columns, WIDTH)
        highest = tl.full([BLOCK_M], float("-inf"), tl.float32)
        total_weight = tl.zeros([BLOCK_M], tl.float32)
        mixed = tl.zeros([BLOCK_M, TILE], tl.float32)
        for start in range(0, count, BLOCK_N):
            others = start + tl.arange(0, BLOCK_N)
            k = _load_rows(key + head * key_head, first, others, count, key_row, columns, WIDTH)
            v = _load_rows(value + head * value_head, first, others, count, value_row, columns, WIDTH)
            logits = _tile_logits(q, k, table, head, rows, others, count, scale, span, BIASED, BLOCK_N)
            now = tl.maximum(highest, tl.max(logits, 1))
            kept, weights = tl.exp(highest - now), tl.exp(logits - now[:, None])
            total_weight = total_weight * kept + tl.sum(weights, 1)
            mixed = mixed * kept[:, None] + tl.dot(weights.to(v.dtype), v, input_precision="ieee")
            highest = now
        at = out + head * out_head + (first + rows).to(tl.int64)[:, None] * out_row + columns[None, :]
        mask = (rows < count)[:, None] & (columns < WIDTH)[None, :]
        tl.store(at, (mixed / total_weight[:, None]).to(out.dtype.element_ty), mask=mask)
        tl.store(sums + head * total + first + rows, highest + tl.log(total_weight), mask=rows < count)


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Launch the kernel; see `workbench_kernels.varlen.op`."""
    total, heads, width = query.shape
    query, key, value = (part if part.stride(2) == 1 else part.contiguous() for part in (query, key, value))
    out = torch.empty_like(query, memory_format=torch.contiguous_format)
    sums = torch.empty(heads, total, dtype=torch.float32, device=query.device)
    rows, columns, warps = blocks(width, query.element_size(), longest)
    grid = (triton.cdiv(max(1, longest), rows), heads, len(offsets) - 1)
    if total:
        table = None if table is None else table.contiguous()
        _forward[grid](
            query, key, value, query if table is None else table, out, sums, offsets,
            *query.stride()[:2], *key.stride()[:2], *value.stride()[:2], *out.stride()[:2],
            total, scale, 1 if table is None else table.shape[1],
            WIDTH=width, TILE=tile_of(width), BLOCK_M=rows, BLOCK_N=columns, BIASED=table is not None,
            num_warps=warps,
        )  # fmt: skip
    return out, sums


def blocks(width: int, bytes_each: int, longest: int) -> tuple[int, int, int]:
    """Return rows and columns of a tile, and warps: shorter for short sequences and for wide or 4-byte heads."""
    tall = 128 if width <= 128 and bytes_each == 2 else 64
    rows = min(tall, tile_of(max(1, longest)))
    return rows, min(64 if width <= 128 and bytes_each == 2 else 32, tile_of(max(1, longest))), 8 if rows == 128 else 4
