"""Varlen attention with T5's relative bias against a bias that is made for every query and key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from workbench_kernels.bench.baselines import add_attention
from workbench_kernels.bench.case import OURS, Case, mixed, score_flops
from workbench_kernels.varlen.op import varlen_attention

HEADS, WIDTH = 12, 64


def cases(device: str, small: bool) -> Iterator[Case]:
    """Yield batches of 16 sequences of up to 128, 512 and 1,024 tokens, 12 heads of width 64."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    for longest in (24,) if small else (128, 512, 1024):
        packed = mixed(16 if not small else 3, longest, device)
        query, key, value = torch.randn(3, len(packed.places), HEADS, WIDTH, device=device).to(kind).unbind(0)
        table = torch.randn(HEADS, 2 * longest - 1, device=device).to(kind)
        ours = partial(varlen_attention, query, key, value, packed.offsets, packed.longest, 1.0, table)
        moved = 4 * query.numel() * query.element_size()
        flops = HEADS * score_flops(packed, WIDTH)
        case = Case("varlen with T5 bias", f"16 x {longest}, mean 60 %", {OURS: ours}, flops, moved, 2.0)
        add_attention(case, query, key, value, packed, 1.0, table)
        yield case
