"""Two kernels that loop over the layers: one for tokens that fit into registers, one for longer sequences.

Short sequences share a program, block by block of one tile, and their tokens never leave the registers. Longer ones
have a program each and two buffers in turn, which stay in the cache; a barrier separates the layers.
"""

from __future__ import annotations

from typing import Final

import torch
import triton
import triton.language as tl

from workbench_kernels.backend import tile_of

# Rows of the tile that short sequences share.
SHARED_ROWS: Final = 64


@triton.jit
def _norm(x, norms, columns, eps, WIDTH: tl.constexpr, NORMS: tl.constexpr):
    """Apply the LayerNorms of a layer to rows [row, tile], one after the other."""
    inside = columns < WIDTH
    for index in tl.static_range(NORMS):
        at = norms + index * 2 * WIDTH + columns
        weight = tl.load(at, mask=inside, other=0.0).to(tl.float32)
        shift = tl.load(at + WIDTH, mask=inside, other=0.0).to(tl.float32)
        x = tl.where(inside[None, :], x - (tl.sum(x, 1) / WIDTH)[:, None], 0.0)
        x = x / tl.sqrt(tl.sum(x * x, 1) / WIDTH + eps)[:, None] * weight[None, :] + shift[None, :]
    return x


@triton.jit
def _query(x, forms, columns_of, layer, columns, WIDTH: tl.constexpr):
    """Return x G + u of a layer, in the type of x."""
    inside = columns < WIDTH
    at = forms + layer * WIDTH * WIDTH + columns[:, None] * WIDTH + columns[None, :]
    form = tl.load(at, mask=inside[:, None] & inside[None, :], other=0.0)
    column = tl.load(columns_of + layer * WIDTH + columns, mask=inside, other=0.0).to(tl.float32)
    return (tl.dot(x, form, input_precision="ieee") + column[None, :]).to(x.dtype)


@triton.jit
def _output(mixed, maps, shifts, layer, columns, WIDTH: tl.constexpr, MAPPED: tl.constexpr, SHIFTED: tl.constexpr):
    """Return mixed M + c of a layer."""
    inside = columns < WIDTH
    if MAPPED:
        at = maps + layer * WIDTH * WIDTH + columns[:, None] * WIDTH + columns[None, :]
        weight = tl.load(at, mask=inside[:, None] & inside[None, :], other=0.0)
        mixed = tl.dot(mixed.to(weight.dtype), weight, input_precision="ieee")
    if SHIFTED:
        mixed += tl.load(shifts + layer * WIDTH + columns, mask=inside, other=0.0).to(tl.float32)[None, :]
    return mixed


@triton.jit
def _short(
    rows, forms, columns_of, maps, shifts, norms, out, offsets, sequences, layers, eps,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr, SHARING: tl.constexpr,
    NORMS: tl.constexpr, MAPPED: tl.constexpr, SHIFTED: tl.constexpr,
):  # fmt: skip
    leader = tl.program_id(0) * SHARING
    first = tl.load(offsets + leader)
    count = tl.load(offsets + tl.minimum(leader + SHARING, sequences)) - first
    places, columns = tl.arange(0, BLOCK), tl.arange(0, TILE)
    owner = tl.zeros([BLOCK], tl.int32)
    for index in tl.static_range(1, SHARING):
        owner += (places >= tl.load(offsets + tl.minimum(leader + index, sequences)) - first).to(tl.int32)
    together = (owner[:, None] == owner[None, :]) & (places < count)[None, :]
    mask = (places < count)[:, None] & (columns < WIDTH)[None, :]
    at = (first + places).to(tl.int64)[:, None] * WIDTH + columns[None, :]
    loaded = tl.load(rows + at, mask=mask, other=0.0)
    x = loaded.to(tl.float32)
    for layer in range(layers):
        token = x.to(loaded.dtype)
        query = _query(token, forms, columns_of, layer, columns, WIDTH)
        logits = tl.where(together, tl.dot(query, tl.trans(token), input_precision="ieee"), -1e30)
        weights = tl.exp(logits - tl.max(logits, 1)[:, None])
        mixed = tl.dot(weights.to(token.dtype), token, input_precision="ieee") / tl.sum(weights, 1)[:, None]
        x += _output(mixed, maps, shifts, layer, columns, WIDTH, MAPPED, SHIFTED)
        x = _norm(x, norms + layer * NORMS * 2 * WIDTH, columns, eps, WIDTH, NORMS)
        # Rows beyond the last token would grow without bound.
        x = tl.where((places < count)[:, None], x, 0.0)
    tl.store(out + at, x.to(out.dtype.element_ty), mask=mask)


@triton.jit
def _long(
    buffers, forms, columns_of, maps, shifts, norms, out, offsets, total, layers, eps,
    WIDTH: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
    NORMS: tl.constexpr, MAPPED: tl.constexpr, SHIFTED: tl.constexpr,
):  # fmt: skip
    first = tl.load(offsets + tl.program_id(0)).to(tl.int64)
    count = (tl.load(offsets + tl.program_id(0) + 1) - first).to(tl.int32)
    columns = tl.arange(0, TILE)
    for layer in range(layers):
        source = buffers + (layer % 2) * total * WIDTH + first * WIDTH
        target = buffers + ((layer + 1) % 2) * total * WIDTH + first * WIDTH
        for start in range(0, count, BLOCK):
            places = start + tl.arange(0, BLOCK)
            mask = (places < count)[:, None] & (columns < WIDTH)[None, :]
            at = places[:, None] * WIDTH + columns[None, :]
            x = tl.load(source + at, mask=mask, other=0.0)
            query = _query(x.to(out.dtype.element_ty), forms, columns_of, layer, columns, WIDTH)
            highest = tl.full([BLOCK], float("-inf"), tl.float32)
            total_weight = tl.zeros([BLOCK], tl.float32)
            mixed = tl.zeros([BLOCK, TILE], tl.float32)
            for other_start in range(0, count, BLOCK):
                others = other_start + tl.arange(0, BLOCK)
                other_mask = (others < count)[:, None] & (columns < WIDTH)[None, :]
                token = tl.load(source + others[:, None] * WIDTH + columns[None, :], mask=other_mask, other=0.0)
                token = token.to(out.dtype.element_ty)
                logits = tl.dot(query, tl.trans(token), input_precision="ieee")
                logits = tl.where((others < count)[None, :], logits, float("-inf"))
                now = tl.maximum(highest, tl.max(logits, 1))
                kept, weights = tl.exp(highest - now), tl.exp(logits - now[:, None])
                total_weight = total_weight * kept + tl.sum(weights, 1)
                mixed = mixed * kept[:, None] + tl.dot(weights.to(token.dtype), token, input_precision="ieee")
                highest = now
            x += _output(mixed / total_weight[:, None], maps, shifts, layer, columns, WIDTH, MAPPED, SHIFTED)
            x = _norm(x, norms + layer * NORMS * 2 * WIDTH, columns, eps, WIDTH, NORMS)
            tl.store(target + at, x, mask=mask)
            if layer == layers - 1:
                tl.store(out + first * WIDTH + at, x.to(out.dtype.element_ty), mask=mask)
        # All of a layer is written before the next one reads.
        tl.debug_barrier()


def run(
    rows: torch.Tensor,
    forms: torch.Tensor,
    columns: torch.Tensor,
    maps: torch.Tensor | None,
    shifts: torch.Tensor | None,
    norms: torch.Tensor,
    eps: float,
    offsets: torch.Tensor,
    longest: int,
) -> torch.Tensor:
    """Launch one of the kernels; see `workbench_kernels.minimal.op`."""
    rows = rows.contiguous()
    total, width = rows.shape
    sequences, layers = len(offsets) - 1, len(forms)
    if not (total and layers):
        return rows.clone()
    out = torch.empty_like(rows)
    given = (forms, columns, maps, shifts, norms if norms.numel() else None)
    weights = [forms if one is None else one.contiguous() for one in given]
    options = {
        "WIDTH": width, "TILE": tile_of(width), "NORMS": norms.shape[1], "MAPPED": maps is not None,
        "SHIFTED": shifts is not None, "num_warps": 4 if width <= 64 else 8,
    }  # fmt: skip
    if longest <= SHARED_ROWS:
        sharing = SHARED_ROWS // max(1, longest)
        grid = (triton.cdiv(sequences, sharing),)
        block = tile_of(min(SHARED_ROWS, sharing * longest))
        _short[grid](rows, *weights, out, offsets, sequences, layers, eps, BLOCK=block, SHARING=sharing, **options)
    else:
        buffers = torch.empty(2, total, width, dtype=torch.float32, device=rows.device)
        buffers[0] = rows
        _long[(sequences,)](buffers, *weights, out, offsets, total, layers, eps, BLOCK=SHARED_ROWS, **options)
    return out
