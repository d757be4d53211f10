"""The operator `workbench::symmetric_attention`."""

from __future__ import annotations

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.packed import check_offsets
from workbench_kernels.symmetric import naive


def symmetric_attention(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    signs: torch.Tensor | None = None,
) -> torch.Tensor:
    """Attend with keys that are the queries: softmax(scale q diag(signs) q^T) v (arXiv 2410.13732, section 5).

    Without signs the logits are at most a_i + a_j with a = scale |q|^2 / 2, so the kernel subtracts a_i + max(a) and
    needs no running maximum, in each head and sequence where a varies little enough for the type of the weights.

    Args:
        query: [row, head, width].
        value: [row, head, value width], of the same type.
        offsets: int32 [batch + 1], as `pack` returns them; sequences may be empty.
        longest: number of tokens of the longest sequence.
        scale: factor on the products, above 0.
        signs: [head, width] of 1 and -1, or none where all are 1.

    Returns:
        [row, head, value width]; for inference only, no gradient.

    Raises:
        KernelRefusal: other shapes, types or scales.
    """
    check_offsets(offsets, len(query))
    check_floats(query=query, value=value, signs=signs)
    if query.ndim != 3 or value.ndim != 3 or query.shape[:2] != value.shape[:2]:
        shapes = f"{tuple(query.shape)} and {tuple(value.shape)}"
        raise KernelRefusal("query and value [row, head, width]", shapes, "give as many heads of both")
    if scale <= 0 or (signs is not None and signs.shape != query.shape[1:]):
        raise KernelRefusal(
            f"a scale above 0 and signs {tuple(query.shape[1:])}", f"{scale} and {signs}", "change them"
        )
    if torch.is_grad_enabled() and (query.requires_grad or value.requires_grad):
        raise KernelRefusal("inference", "inputs that require a gradient", "use torch.no_grad(), or varlen_attention")
    return _attend(query, value, offsets, longest, scale, signs)


@torch.library.custom_op("workbench::symmetric_attention", mutates_args=())
def _attend(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    signs: torch.Tensor | None,
) -> torch.Tensor:
    return naive.symmetric_attention(query, value, offsets, scale, signs)


@_attend.register_fake
def _(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    signs: torch.Tensor | None,
) -> torch.Tensor:
    return torch.empty_like(value, memory_format=torch.contiguous_format)


@_attend.register_kernel("cuda")
def _(
    query: torch.Tensor,
    value: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    scale: float,
    signs: torch.Tensor | None,
) -> torch.Tensor:
    if not has_triton():
        return naive.symmetric_attention(query, value, offsets, scale, signs)
    from workbench_kernels.symmetric.kernel import attend

    return attend(query, value, offsets, longest, scale, signs)
