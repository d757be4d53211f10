"""Encoder layers on packed rows, with their weights as plain tensors of one fused projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from workbench_kernels.backend import KernelRefusal
from workbench_kernels.encoder.activation import activate
from workbench_kernels.encoder.norm import add_norm
from workbench_kernels.packed import Packed
from workbench_kernels.varlen.op import varlen_attention

# What transformers calls the activations that the kernels know.
KINDS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "relu2": "squared_relu",
    "silu": "silu",
    "swish": "silu",
}


def kind_of(name: str) -> str:
    """Return the kernels' name of an activation of transformers.

    Raises:
        KernelRefusal: none has it.
    """
    if name not in KINDS:
        raise KernelRefusal(f"an activation out of {sorted(KINDS)}", repr(name), "run the model as it is")
    return KINDS[name]


class FusedProjection(nn.Module):
    """Queries, keys and values of all heads by one product.

    Args:
        query, key, value: linear maps of equal shape.
        heads: number of heads.
    """

    def __init__(self, query: nn.Linear, key: nn.Linear, value: nn.Linear, heads: int) -> None:
        super().__init__()
        self.heads = heads
        parts = (query, key, value)
        self.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]), requires_grad=False)
        biases = None if query.bias is None else torch.cat([part.bias.detach() for part in parts])
        self.bias = None if biases is None else nn.Parameter(biases, requires_grad=False)

    def forward(self, rows: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return queries, keys and values [row, head, head width] of rows [row, width]; views of one tensor."""
        return F.linear(rows, self.weight, self.bias).unflatten(1, (3, self.heads, -1)).unbind(1)


@dataclass(frozen=True)
class PostNormParts:
    """Modules of a layer as BERT has it: attention, sum and norm, then MLP, sum and norm."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    norm1: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    norm2: nn.LayerNorm


class PostNormLayer(nn.Module):
    """A layer as BERT has it, on packed rows.

    Args:
        parts: its modules; all but the projections are shared, not copied.
        heads: number of heads.
        activation: of the MLP, as transformers calls it.
    """

    def __init__(self, parts: PostNormParts, heads: int, activation: str) -> None:
        super().__init__()
        self.project = FusedProjection(parts.query, parts.key, parts.value, heads)
        self.output, self.norm1 = parts.output, parts.norm1
        self.up, self.down, self.norm2 = parts.up, parts.down, parts.norm2
        self.kind, self.scale = kind_of(activation), (parts.query.out_features // heads) ** -0.5

    def forward(self, rows: torch.Tensor, packed: Packed, *, last: bool = False) -> torch.Tensor:
        """Return the rows [row, width], or the padded batch [batch * token, width] after the last layer."""
        query, key, value = self.project(rows)
        mixed = varlen_attention(query, key, value, packed.offsets, packed.longest, self.scale).flatten(1)
        rows = _sum_norm(*_linear(mixed, self.output), rows, self.norm1)
        hidden, bias = _linear(rows, self.up)
        hidden = activate(hidden, self.kind, bias)
        return _sum_norm(*_linear(hidden, self.down), rows, self.norm2, packed if last else None)


def _linear(rows: torch.Tensor, linear: nn.Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the product, and the bias if the next kernel is to add it; on a CPU the product adds it for nothing."""
    if rows.is_cuda:
        return F.linear(rows, linear.weight), linear.bias
    return linear(rows), None


def _sum_norm(
    rows: torch.Tensor,
    bias: torch.Tensor | None,
    residual: torch.Tensor,
    norm: nn.LayerNorm,
    whole: Packed | None = None,
) -> torch.Tensor:
    return add_norm(rows, norm.weight, bias=bias, residual=residual, shift=norm.bias, eps=norm.eps, whole=whole)[1]


class PreNormLayer(nn.Module):
    """A layer of T5's encoder on packed rows: the norm stands before attention and MLP, without biases.

    Args:
        attention: projections `q`, `k`, `v` and `o` with `n_heads`.
        mlp: `wi`, or `wi_0` and `wi_1` if gated, and `wo`.
        norm: weight of the norm before the MLP.
        activation: of the MLP, as transformers calls it.
        eps: of the norms.
    """

    def __init__(self, attention: Any, mlp: Any, norm: nn.Parameter, activation: str, eps: float) -> None:
        super().__init__()
        self.project = FusedProjection(attention.q, attention.k, attention.v, attention.n_heads)
        self.output: nn.Linear = attention.o
        self.down: nn.Linear = mlp.wo
        self.norm = norm
        self.gated = hasattr(mlp, "wi_0")
        ups = [mlp.wi_0.weight, mlp.wi_1.weight] if self.gated else [mlp.wi.weight]
        self.up = nn.Parameter(torch.cat([one.detach() for one in ups]), requires_grad=False)
        self.kind, self.eps = kind_of(activation), eps

    def forward(
        self, rows: torch.Tensor, normed: torch.Tensor, packed: Packed, table: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the stream after attention, and what the MLP adds to it: [row, width] both."""
        query, key, value = self.project(normed)
        mixed = varlen_attention(query, key, value, packed.offsets, packed.longest, 1.0, table).flatten(1)
        rows, normed = add_norm(self.output(mixed), self.norm, residual=rows, eps=self.eps, centred=False)
        hidden = activate(F.linear(normed, self.up), self.kind, gated=self.gated)
        return rows, self.down(hidden)
