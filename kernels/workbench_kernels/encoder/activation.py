"""Bias and activation of an MLP's hidden rows in one pass, gated or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton

ACTIVATIONS: Final[dict[str, Callable[[torch.Tensor], torch.Tensor]]] = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "squared_relu": lambda x: F.relu(x).square(),
    "silu": F.silu,
}


def activate(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None = None, *, gated: bool = False) -> torch.Tensor:
    """Return act(hidden + bias), or the activated first half of the channels times the second half if gated.

    Args:
        hidden: [row, width].
        kind: `gelu`, `gelu_tanh`, `relu`, `squared_relu` (Primer, arXiv 2109.08668) or `silu`.
        bias: [width].
        gated: as in GLU variants (arXiv 2002.05202).

    Returns:
        [row, width], or half as wide if gated.

    Raises:
        KernelRefusal: another kind, shapes that do not fit, or mixed types.
    """
    check_floats(hidden=hidden, bias=bias)
    if kind not in ACTIVATIONS:
        raise KernelRefusal(f"an activation out of {sorted(ACTIVATIONS)}", repr(kind), "choose one of these")
    if hidden.ndim != 2 or (gated and hidden.shape[1] % 2) or (bias is not None and bias.shape != hidden.shape[1:]):
        shapes = f"{tuple(hidden.shape)}, {None if bias is None else tuple(bias.shape)}"
        raise KernelRefusal("hidden [row, width] and a bias [width], even if gated", shapes, "change them")
    differentiated = torch.is_grad_enabled() and hidden.requires_grad
    return (naive if differentiated else _activate)(hidden, kind, bias, gated)


def naive(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None, gated: bool) -> torch.Tensor:
    """The reference, which autograd follows."""
    hidden = hidden if bias is None else hidden + bias
    if not gated:
        return ACTIVATIONS[kind](hidden)
    first, second = hidden.chunk(2, dim=1)
    return ACTIVATIONS[kind](first) * second


@torch.library.custom_op("workbench::activate", mutates_args=())
def _activate(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None, gated: bool) -> torch.Tensor:
    return naive(hidden, kind, bias, gated)


@_activate.register_fake
def _(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None, gated: bool) -> torch.Tensor:
    return hidden.new_empty(hidden.shape[0], hidden.shape[1] // 2 if gated else hidden.shape[1])


@_activate.register_kernel("cuda")
def _(hidden: torch.Tensor, kind: str, bias: torch.Tensor | None, gated: bool) -> torch.Tensor:
    if not has_triton():
        return naive(hidden, kind, bias, gated)
    from workbench_kernels.encoder.activation_kernel import activate as launch

    return launch(hidden, kind, bias, gated)
