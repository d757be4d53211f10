"""Collapsed attention of one head against attention that is fed the tokens as keys and values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch

from workbench_kernels.bench.baselines import add_attention
from workbench_kernels.bench.case import OURS, Case, Work, even, score_flops
from workbench_kernels.collapsed.op import collapsed_attention

TOKENS = 16_384


def cases(device: str, small: bool) -> Iterator[Case]:
    """Yield 16k tokens of width 64, 128 and 256 in sequences of 197, 512 and 1,024."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    for width in (16,) if small else (64, 128, 256):
        for length in (24,) if small else (197, 512, 1024):
            packed = even(3 if small else TOKENS // length, length, device)
            rows = torch.randn(len(packed.places), width, device=device).to(kind)
            form = (torch.randn(width, width, device=device) / width).to(kind)
            ours = partial(collapsed_attention, rows, form, None, packed.offsets, packed.longest)
            flops = score_flops(packed, width) + 2 * rows.numel() * width
            moved = (2 * rows.numel() + form.numel()) * rows.element_size()
            shape = f"{packed.batch} x {length}, width {width}"
            case = Case("collapsed", shape, {OURS: ours}, flops, moved, 1.5)
            given = Case("", "", {}, 0, 0, 0)
            add_attention(given, (rows @ form)[:, None], rows[:, None], rows[:, None], packed, 1.0)
            others = {name: partial(_projected, work, rows, form) for name, work in given.contenders.items()}
            yield replace(case, contenders=case.contenders | others, missing=given.missing)


def _projected(attend: Work, rows: torch.Tensor, form: torch.Tensor) -> torch.Tensor:
    """Pay for the projection too, which ours does within; the attention is fed the same result, made before."""
    rows @ form
    return attend()[:, 0]
