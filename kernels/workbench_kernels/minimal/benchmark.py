"""The whole minimal network in one launch against the compiled module, replayed as a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F

from workbench_kernels.bench.case import OURS, Case, add_if_it_runs, compiled, even, score_flops
from workbench_kernels.minimal.op import minimal_network

TOKENS, LAYERS, WIDTH = 16_384, 6, 64


def cases(device: str, small: bool) -> Iterator[Case]:
    """Yield 16k tokens of width 64 in sequences of 17 and 65, six layers with two norms each."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    for length in (17,) if small else (17, 65):
        packed = even(3 if small else TOKENS // length, length, device)
        rows = torch.randn(len(packed.places), WIDTH, device=device).to(kind)
        forms = (torch.randn(LAYERS, WIDTH, WIDTH, device=device) / WIDTH).to(kind)
        columns = torch.zeros(LAYERS, WIDTH, device=device, dtype=kind)
        norms = torch.tensor([1.0, 0.0], device=device, dtype=kind)[None, None, :, None].repeat(LAYERS, 2, 1, WIDTH)
        ours = partial(minimal_network, rows, forms, columns, norms, packed.offsets, packed.longest)
        flops = LAYERS * (score_flops(packed, WIDTH) + 2 * rows.numel() * WIDTH)
        moved = (2 * rows.numel() + forms.numel() + norms.numel()) * rows.element_size()
        case = Case("minimal network", f"{packed.batch} x {length}", {OURS: ours}, flops, moved, 10.0)
        given = (rows.unflatten(0, (packed.batch, length)), forms, norms)
        case.contenders["eager"] = partial(batched, *given)
        # The timing replays everything as a CUDA graph where it is warm, so no mode of the compiler's own is needed.
        add_if_it_runs(case, "compiled", partial(compiled, batched, *given))
        yield case


def batched(tokens: torch.Tensor, forms: torch.Tensor, norms: torch.Tensor) -> torch.Tensor:
    """Run the network as one would write it in PyTorch, on [sequence, token, width]; return [row, width]."""
    for form, pair in zip(forms, norms, strict=True):
        attended = F.scaled_dot_product_attention(tokens @ form, tokens, tokens, scale=1.0)
        tokens = tokens + attended
        for norm in pair:
            tokens = F.layer_norm(tokens, norm[0].shape, norm[0], norm[1])
    return tokens.flatten(0, 1)
