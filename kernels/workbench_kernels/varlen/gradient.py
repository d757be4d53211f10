"""The backward kernels: weights are made again from the stored sums, once for the queries and once for the keys."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of
from workbench_kernels.varlen.kernel import _load_rows, _tile_logits


@triton.jit
def _query_gradient(
    query, key, value, gradient, table, sums, corrections, query_grad, offsets,
    query_row, query_head, key_row, key_head, value_row, value_head, out_row, out_head,
    total, scale, span,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    block, head, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    first = tl.load(offsets + sequence)
    count = tl.load(offsets + sequence + 1) - first
    if block * BLOCK < count:
        rows, columns = block * BLOCK + tl.arange(0, BLOCK), tl.arange(0, TILE)
        q = _load_rows(query + head * query_head, first, rows, count, query_row, columns, WIDTH)
        g = _load_rows(gradient + head * out_head, first, rows, count, out_row, columns, WIDTH)
        row_sums = tl.load(sums + head * total + first + rows, mask=rows < count, other=0.0)
        correction = tl.load(corrections + head * total + first + rows, mask=rows < count, other=0.0)
        found = tl.zeros([BLOCK, TILE], tl.float32)
        for start in range(0, count, BLOCK):
            others = start + tl.arange(0, BLOCK)
            k = _load_rows(key + head * key_head, first, others, count, key_row, columns, WIDTH)
            v = _load_rows(value + head * value_head, first, others, count, value_row, columns, WIDTH)
            logits = _tile_logits(q, k, table, head, rows, others, count, scale, span, BIASED, BLOCK)
            weights = tl.exp(logits - row_sums[:, None])
            change = weights * (tl.dot(g, tl.trans(v), input_precision="ieee") - correction[:, None])
            found += tl.dot(change.to(k.dtype), k, input_precision="ieee")
        at = query_grad + head * out_head + (first + rows).to(tl.int64)[:, None] * out_row + columns[None, :]
        mask = (rows < count)[:, None] & (columns < WIDTH)[None, :]
        tl.store(at, (found * scale).to(query_grad.dtype.element_ty), mask=mask)


@triton.jit
def _key_value_gradient(
    query, key, value, gradient, table, sums, corrections, key_grad, value_grad, offsets,
    query_row, query_head, key_row, key_head, value_row, value_head, out_row, out_head,
    total, scale, span,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    block, head, sequence = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    first = tl.load(offsets + sequence)
    count = tl.load(offsets + sequence + 1) - first
    if block * BLOCK < count:
        others, columns = block * BLOCK + tl.arange(0, BLOCK), tl.arange(0, TILE)
        k = _load_rows(key + head * key_head, first, others, count, key_row, columns, WIDTH)
        v = _load_rows(value + head * value_head, first, others, count, value_row, columns, WIDTH)
        key_found = tl.zeros([BLOCK, TILE], tl.float32)
        value_found = tl.zeros([BLOCK, TILE], tl.float32)
        for start in range(0, count, BLOCK):
            rows = start + tl.arange(0, BLOCK)
            q = _load_rows(query + head * query_head, first, rows, count, query_row, columns, WIDTH)
            g = _load_rows(gradient + head * out_head, first, rows, count, out_row, columns, WIDTH)
            row_sums = tl.load(sums + head * total + first + rows, mask=rows < count, other=float("inf"))
            correction = tl.load(corrections + head * total + first + rows, mask=rows < count, other=0.0)
            logits = _tile_logits(q, k, table, head, rows, others, count, scale, span, BIASED, BLOCK)
            # Rows beyond the sequence have infinite sums, so their weights are 0.
            weights = tl.exp(logits - row_sums[:, None])
            value_found += tl.dot(tl.trans(weights.to(g.dtype)), g, input_precision="ieee")
            change = weights * (tl.dot(g, tl.trans(v), input_precision="ieee") - correction[:, None])
            key_found += tl.dot(tl.trans(change.to(q.dtype)), q, input_precision="ieee")
        at = head * out_head + (first + others).to(tl.int64)[:, None] * out_row + columns[None, :]
        mask = (others < count)[:, None] & (columns < WIDTH)[None, :]
        tl.store(key_grad + at, (key_found * scale).to(key_grad.dtype.element_ty), mask=mask)
        tl.store(value_grad + at, value_found.to(value_grad.dtype.element_ty), mask=mask)


def gradients(
    gradient: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    out: torch.Tensor,
    sums: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Launch both kernels; `gradient` and `out` are contiguous [row, head, width], `sums` [head, row]."""
    total, heads, width = query.shape
    query, key, value = (part if part.stride(2) == 1 else part.contiguous() for part in (query, key, value))
    corrections = (gradient.float() * out.float()).sum(-1).T.contiguous()
    found = [torch.empty_like(out) for _ in range(3)]
    block = min(64 if width <= 64 and query.element_size() == 2 else 32, tile_of(max(1, longest)))
    grid = (triton.cdiv(max(1, longest), block), heads, len(offsets) - 1)
    table = None if table is None else table.contiguous()
    given = (query, key, value, gradient, query if table is None else table, sums, corrections)
    sizes = (
        *query.stride()[:2], *key.stride()[:2], *value.stride()[:2], *out.stride()[:2],
        total, scale, 1 if table is None else table.shape[1],
    )  # fmt: skip
    options = {"WIDTH": width, "TILE": tile_of(width), "BLOCK": block, "BIASED": table is not None, "num_warps": 4}
    if total:
        _query_gradient[grid](*given, found[0], offsets, *sizes, **options)
        _key_value_gradient[grid](*given, *found[1:], offsets, *sizes, **options)
    return found[0], found[1], found[2]
