"""Which number formats a processor computes in by itself."""

from __future__ import annotations

import torch


def cpu_has_bfloat16() -> bool:
    """Tell whether this CPU has bfloat16 instructions; emulated, it is some 20 times slower than float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
