"""The operator `workbench::varlen_attention` and its gradient."""

from __future__ import annotations

from typing import Any

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.packed import check_offsets
from workbench_kernels.varlen import naive


def varlen_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None = None,
) -> torch.Tensor:
    """Attend within each packed sequence: softmax(scale q k^T + bias) v.

    Args:
        query, key, value: [row, head, width] of one type; slices of a fused projection need no copy.
        offsets: int32 [batch + 1], as `pack` returns them; sequences may be empty.
        longest: number of tokens of the longest sequence.
        scale: factor on the products; 1 for T5.
        table: [head, 2 m - 1] with m at least `longest`, the bias of each distance key - query, distance 0 in the
            middle; T5's buckets, looked up once (arXiv 1910.10683). It gets no gradient.

    Returns:
        [row, head, width]. Gradients reach query, key and value.

    Raises:
        KernelRefusal: other shapes, or types that no kernel takes.
    """
    check_offsets(offsets, len(query))
    check_floats(query=query, key=key, value=value)
    if not query.shape == key.shape == value.shape or query.ndim != 3:
        shapes = f"{tuple(query.shape)}, {tuple(key.shape)}, {tuple(value.shape)}"
        raise KernelRefusal("query, key and value [row, head, width] alike", shapes, "repeat heads that groups share")
    if table is not None and (len(table) != query.shape[1] or table.shape[1] < 2 * longest - 1):
        raise KernelRefusal(
            f"a table [{query.shape[1]}, at least {2 * longest - 1}]", f"{tuple(table.shape)}", "make a longer table"
        )
    out, _ = _attend(query, key, value, offsets, longest, scale, None if table is None else table.detach())
    return out


@torch.library.custom_op("workbench::varlen_attention", mutates_args=())
def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the output, and what the kernel's gradient needs: the logarithm of each row's sum [head, row]."""
    out = naive.varlen_attention(query, key, value, offsets, scale, table)
    return out, query.new_empty(0, dtype=torch.float32)


@_attend.register_fake
def _(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    rows = (query.shape[1], query.shape[0]) if query.is_cuda and has_triton() else (0,)
    return torch.empty_like(value, memory_format=torch.contiguous_format), query.new_empty(rows, dtype=torch.float32)


@_attend.register_kernel("cuda")
def _(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    table: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    if not has_triton():
        out = naive.varlen_attention(query, key, value, offsets, scale, table)
        return out, query.new_empty(0, dtype=torch.float32)
    from workbench_kernels.varlen.kernel import attend

    return attend(query, key, value, offsets, longest, scale, table)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, torch.Tensor]) -> None:
    query, key, value, offsets, ctx.longest, ctx.scale, table = inputs
    ctx.save_for_backward(query, key, value, offsets, table, *output)


def _backward(ctx: Any, gradient: torch.Tensor, _: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    query, key, value, offsets, table, out, sums = ctx.saved_tensors
    given = _gradients(gradient.contiguous(), query, key, value, out, sums, offsets, ctx.longest, ctx.scale, table)
    return (*given, None, None, None, None)


_attend.register_autograd(_backward, setup_context=_keep)


@torch.library.custom_op("workbench::varlen_attention_backward", mutates_args=())
def _gradients(
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
    if len(sums):
        from workbench_kernels.varlen.gradient import gradients

        return gradients(gradient, query, key, value, out, sums, offsets, longest, scale, table)
    return naive.gradients(gradient, query, key, value, offsets, scale, table)


@_gradients.register_fake
def _(
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
    like = [torch.empty_like(part, memory_format=torch.contiguous_format) for part in (query, key, value)]
    return like[0], like[1], like[2]
