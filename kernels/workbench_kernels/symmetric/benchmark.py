"""Symmetric attention against the best attention with separate keys, fed the queries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from workbench_kernels.bench.baselines import add_attention
from workbench_kernels.bench.case import OURS, Case, even, score_flops
from workbench_kernels.symmetric.op import symmetric_attention

TOKENS, HEADS, WIDTH = 16_384, 12, 64


def cases(device: str, small: bool) -> Iterator[Case]:
    """Yield 16k tokens in sequences of 197, 512 and 1,024, 12 heads of width 64; logits of a realistic size."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    for length in (24,) if small else (197, 512, 1024):
        packed = even(3 if small else TOKENS // length, length, device)
        query = (0.7 * torch.randn(len(packed.places), HEADS, WIDTH, device=device)).to(kind)
        value = torch.randn_like(query)
        ours = partial(symmetric_attention, query, value, packed.offsets, packed.longest, WIDTH**-0.5)
        moved = 3 * query.numel() * query.element_size()
        flops = HEADS * score_flops(packed, WIDTH)
        case = Case("symmetric", f"{packed.batch} x {length}", {OURS: ours}, flops, moved, 1.1)
        add_attention(case, query, query, value, packed, WIDTH**-0.5)
        yield case
