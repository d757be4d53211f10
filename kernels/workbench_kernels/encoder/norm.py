"""Bias, residual sum and norm in one pass over the rows, and the unpacking of the last ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.packed import Packed


def add_norm(
    rows: torch.Tensor,
    weight: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    residual: torch.Tensor | None = None,
    shift: torch.Tensor | None = None,
    eps: float = 1e-5,
    centred: bool = True,
    whole: Packed | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of rows, bias and residual, and its norm.

    Args:
        rows: [row, width].
        weight, shift: [width] of the norm.
        bias: [width].
        residual: [row, width].
        eps: added to the variance.
        centred: LayerNorm; otherwise RMSNorm, as in T5.
        whole: where the rows of the norm are to be written in a padded batch, whose others are 0.

    Returns:
        The sum [row, width], and its norm [row, width], or the padded batch [batch * token, width].

    Raises:
        KernelRefusal: other shapes, or mixed types.
    """
    given = {"rows": rows, "weight": weight, "bias": bias, "residual": residual, "shift": shift}
    check_floats(**given)
    width = rows.shape[-1]
    wrong = {name: tuple(one.shape) for name, one in given.items() if one is not None and one.shape[-1] != width}
    if rows.ndim != 2 or wrong or (residual is not None and residual.shape != rows.shape):
        raise KernelRefusal("rows [row, width] and weights [width]", f"{tuple(rows.shape)}, {wrong}", "change them")
    differentiated = torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in given.values())
    run = naive if differentiated else _add_norm
    places, size = (None, 0) if whole is None else (whole.places, whole.batch * whole.padded)
    return run(rows, weight, bias, residual, shift, eps, centred, places, size)


def naive(
    rows: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    shift: torch.Tensor | None,
    eps: float,
    centred: bool,
    places: torch.Tensor | None,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The reference, which autograd follows."""
    total = rows if bias is None else rows + bias
    total = total if residual is None else total + residual
    total = total.clone() if total is rows else total
    width = (total.shape[1],)
    if centred:
        normed = F.layer_norm(total, width, weight, shift, eps)
    else:
        normed = F.rms_norm(total, width, weight, eps)
        normed = normed if shift is None else normed + shift
    if places is None:
        return total, normed
    return total, normed.new_zeros(size, *width).index_copy(0, places, normed)


@torch.library.custom_op("workbench::add_norm", mutates_args=())
def _add_norm(
    rows: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    shift: torch.Tensor | None,
    eps: float,
    centred: bool,
    places: torch.Tensor | None,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    return naive(rows, weight, bias, residual, shift, eps, centred, places, size)


@_add_norm.register_fake
def _(
    rows: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    shift: torch.Tensor | None,
    eps: float,
    centred: bool,
    places: torch.Tensor | None,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    total, width = rows.shape
    return rows.new_empty(total, width), rows.new_empty(total if places is None else size, width)


@_add_norm.register_kernel("cuda")
def _(
    rows: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    shift: torch.Tensor | None,
    eps: float,
    centred: bool,
    places: torch.Tensor | None,
    size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    if not has_triton():
        return naive(rows, weight, bias, residual, shift, eps, centred, places, size)
    from workbench_kernels.encoder.norm_kernel import add_norm as launch

    return launch(rows, weight, bias, residual, shift, eps, centred, places, size)
