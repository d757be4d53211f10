"""The operator `workbench::collapsed_attention`."""

from __future__ import annotations

from typing import Final

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.collapsed import naive
from workbench_kernels.packed import check_offsets

# Wider sums do not fit into the registers of one program.
WIDEST: Final = 512


def collapsed_attention(
    rows: torch.Tensor,
    form: torch.Tensor,
    column: torch.Tensor | None,
    offsets: torch.Tensor,
    longest: int,
) -> torch.Tensor:
    """Attend with one matrix for queries and keys and none for values: softmax((x G + u) x^T) x.

    The attention of "Reducing the Transformer Architecture to a Minimum" (arXiv 2410.13732) with one head. A tile of
    tokens is read once and is key and value.

    Args:
        rows: tokens x [row, width]; at most 512 wide on a GPU.
        form: G [width, width], the scale folded in.
        column: u [width], what biases leave, or none.
        offsets: int32 [batch + 1], as `pack` returns them; sequences may be empty.
        longest: number of tokens of the longest sequence.

    Returns:
        [row, width]; for inference only, no gradient.

    Raises:
        KernelRefusal: other shapes or types, or a wider stream.
    """
    check_offsets(offsets, len(rows))
    check_floats(rows=rows, form=form, column=column)
    width = rows.shape[-1]
    if rows.ndim != 2 or form.shape != (width, width) or (column is not None and column.shape != (width,)):
        raise KernelRefusal("rows [row, width] and a form [width, width]", f"{rows.shape}, {form.shape}", "change them")
    if rows.is_cuda and width > WIDEST:
        raise KernelRefusal(f"at most {WIDEST} channels", str(width), "use batched products, which are faster there")
    if torch.is_grad_enabled() and (rows.requires_grad or form.requires_grad):
        raise KernelRefusal("inference", "inputs that require a gradient", "use torch.no_grad()")
    return _attend(rows, form, column, offsets, longest)


@torch.library.custom_op("workbench::collapsed_attention", mutates_args=())
def _attend(
    rows: torch.Tensor, form: torch.Tensor, column: torch.Tensor | None, offsets: torch.Tensor, longest: int
) -> torch.Tensor:
    return naive.collapsed_attention(rows, form, column, offsets)


@_attend.register_fake
def _(
    rows: torch.Tensor, form: torch.Tensor, column: torch.Tensor | None, offsets: torch.Tensor, longest: int
) -> torch.Tensor:
    return torch.empty_like(rows, memory_format=torch.contiguous_format)


@_attend.register_kernel("cuda")
def _(
    rows: torch.Tensor, form: torch.Tensor, column: torch.Tensor | None, offsets: torch.Tensor, longest: int
) -> torch.Tensor:
    if not has_triton():
        return naive.collapsed_attention(rows, form, column, offsets)
    from workbench_kernels.collapsed.kernel import attend

    return attend(rows, form, column, offsets, longest)
