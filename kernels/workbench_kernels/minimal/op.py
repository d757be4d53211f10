"""The operator `workbench::minimal_network`."""

from __future__ import annotations

from typing import Final

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.minimal import naive
from workbench_kernels.packed import check_offsets

WIDEST: Final = 128
LONGEST: Final = 256


def minimal_network(
    rows: torch.Tensor,
    forms: torch.Tensor,
    columns: torch.Tensor,
    norms: torch.Tensor,
    offsets: torch.Tensor,
    longest: int,
    *,
    maps: torch.Tensor | None = None,
    shifts: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Run all layers of a network of one-head attention without MLPs (arXiv 2410.13732).

    A layer is x + softmax((x G + u) x^T) x M + c, then its norms. Every one-head attention is of this form: symmetric
    and factored queries and keys multiply out to G and u, values and output to M and c.

    Args:
        rows: tokens [row, width], at most 128 wide.
        forms: G [layer, width, width], the scale folded in.
        columns: u [layer, width].
        norms: [layer, norm, 2, width], weight and shift of LayerNorms after the residual sum; there may be none.
        offsets: int32 [batch + 1], as `pack` returns them.
        longest: number of tokens of the longest sequence, at most 256.
        maps: M [layer, width, width], or none for the identity.
        shifts: c [layer, width], or none for 0.
        eps: of the norms.

    Returns:
        [row, width]; for inference only, no gradient.

    Raises:
        KernelRefusal: other shapes or types, wider or longer inputs.
    """
    check_offsets(offsets, len(rows))
    check_floats(rows=rows, forms=forms, columns=columns, norms=norms, maps=maps, shifts=shifts)
    layers, width = len(forms), rows.shape[-1]
    wanted = {"forms": (layers, width, width), "columns": (layers, width), "maps": (layers, width, width)}
    given = {"forms": forms, "columns": columns, "maps": maps, "shifts": shifts}
    wanted["shifts"] = wanted["columns"]
    wrong = {name: tuple(one.shape) for name, one in given.items() if one is not None and one.shape != wanted[name]}
    if rows.ndim != 2 or wrong or norms.ndim != 4 or norms.shape[0] != layers or norms.shape[2:] != (2, width):
        raise KernelRefusal(
            f"weights of {layers} layers of width {width}", f"{wrong}, norms {tuple(norms.shape)}", "change them"
        )
    if width > WIDEST or longest > LONGEST:
        raise KernelRefusal(
            f"at most {WIDEST} channels and {LONGEST} tokens", f"{width} and {longest}", "use collapsed_attention"
        )
    if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in (rows, *given.values())):
        raise KernelRefusal("inference", "inputs that require a gradient", "use torch.no_grad()")
    return _run(rows, forms, columns, maps, shifts, norms, eps, offsets, longest)


@torch.library.custom_op("workbench::minimal_network", mutates_args=())
def _run(
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
    return naive.minimal_network(rows, forms, columns, maps, shifts, norms, eps, offsets).clone()


@_run.register_fake
def _(
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
    return torch.empty_like(rows, memory_format=torch.contiguous_format)


@_run.register_kernel("cuda")
def _(
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
    if not has_triton():
        return naive.minimal_network(rows, forms, columns, maps, shifts, norms, eps, offsets).clone()
    from workbench_kernels.minimal.kernel import run

    return run(rows, forms, columns, maps, shifts, norms, eps, offsets, longest)
