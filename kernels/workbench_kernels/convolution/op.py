"""The operator `workbench::causal_convolution`."""

from __future__ import annotations

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.convolution import naive
from workbench_kernels.packed import check_offsets


def causal_convolution(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
    """Return y_t = sum over k of w_k x_(t-k) within each packed sequence (Primer, arXiv 2109.08668).

    Args:
        rows: [row, channel], such as the fused queries, keys and values of all heads.
        taps: w [tap, channel], the present first.
        offsets: int32 [batch + 1], as `pack` returns them.
        longest: number of tokens of the longest sequence.

    Returns:
        [row, channel]; for inference only, no gradient.

    Raises:
        KernelRefusal: other shapes or types.
    """
    check_offsets(offsets, len(rows))
    check_floats(rows=rows, taps=taps)
    if rows.ndim != 2 or taps.ndim != 2 or taps.shape[1] != rows.shape[1] or not len(taps):
        raise KernelRefusal(
            "rows [row, channel] and taps [tap, channel]", f"{tuple(rows.shape)}, {tuple(taps.shape)}", "change them"
        )
    if torch.is_grad_enabled() and (rows.requires_grad or taps.requires_grad):
        raise KernelRefusal("inference", "inputs that require a gradient", "use torch.no_grad()")
    return _convolve(rows, taps, offsets, longest)


@torch.library.custom_op("workbench::causal_convolution", mutates_args=())
def _convolve(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
    return naive.causal_convolution(rows, taps, offsets)


@_convolve.register_fake
def _(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
    return torch.empty_like(rows, memory_format=torch.contiguous_format)


@_convolve.register_kernel("cuda")
def _(rows: torch.Tensor, taps: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
    if not has_triton():
        return naive.causal_convolution(rows, taps, offsets)
    from workbench_kernels.convolution.kernel import convolve

    return convolve(rows, taps, offsets, longest)
