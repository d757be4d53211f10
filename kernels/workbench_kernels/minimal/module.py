"""The operator as a module that holds its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from workbench_kernels.minimal.op import minimal_network

Logits = Callable[[torch.Tensor], torch.Tensor]
Mix = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MinimalNetwork(nn.Module):
    """All layers of a network of one-head attention without MLPs, for inference.

    Args:
        forms, columns, norms, maps, shifts, eps: see `minimal_network`.
    """

    forms: torch.Tensor
    columns: torch.Tensor
    norms: torch.Tensor
    maps: torch.Tensor | None
    shifts: torch.Tensor | None

    def __init__(
        self,
        forms: torch.Tensor,
        columns: torch.Tensor,
        norms: torch.Tensor,
        maps: torch.Tensor | None = None,
        shifts: torch.Tensor | None = None,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        for name, value in {"forms": forms, "columns": columns, "norms": norms, "maps": maps, "shifts": shifts}.items():
            self.register_buffer(name, value)
        self.eps = eps

    @classmethod
    @torch.no_grad()
    def probed(
        cls,
        width: int,
        layers: Sequence[tuple[Logits, Mix]],
        norms: Sequence[Sequence[nn.LayerNorm]],
        dtype: torch.dtype = torch.float32,
    ) -> MinimalNetwork:
        """Read the weights off layers by calling them: logits are bilinear, and values linear, in the tokens.

        Args:
            width: of the tokens.
            layers: of each, logits [1, 1, token, token] of tokens [1, token, width], and the mix [1, query, width] of
                a pattern [1, 1, query, key] and tokens [1, key, width]; both in float64.
            norms: of each layer, those after the residual sum.
            dtype: of the weights.
        """
        read = [_read(width, *layer) for layer in layers]
        forms, columns, maps, shifts = (torch.stack(part).to(dtype) for part in zip(*read, strict=True))
        stacked = torch.stack([torch.stack([torch.stack([n.weight, n.bias]) for n in some]) for some in norms])
        identity = torch.eye(width).to(maps)
        mapped = None if all(torch.equal(one, identity) for one in maps) else maps
        return cls(forms, columns, stacked.to(dtype), mapped, shifts if shifts.any() else None, norms[0][0].eps)

    def forward(self, rows: torch.Tensor, offsets: torch.Tensor, longest: int) -> torch.Tensor:
        """Return [row, width] of packed tokens [row, width]; see `minimal_network`."""
        return minimal_network(
            rows,
            self.forms,
            self.columns,
            self.norms,
            offsets,
            longest,
            maps=self.maps,
            shifts=self.shifts,
            eps=self.eps,
        )


def _read(width: int, logits: Logits, mix: Mix) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return G, u, M and c; what depends on the query alone, or on nothing, falls out of a softmax."""
    basis, zero = torch.eye(width, dtype=torch.double)[None], torch.zeros(1, 1, width, dtype=torch.double)
    # Symmetric scores have no keys of their own, so the tokens are queries and keys at once.
    found = logits(torch.cat([basis, zero], dim=1))[0, 0]
    both, of_query, of_key, alone = found[:-1, :-1], found[:-1, -1:], found[-1:, :-1], found[-1, -1]
    shift = mix(torch.ones(1, 1, 1, 1, dtype=torch.double), zero)[0, 0]
    values = mix(torch.eye(width, dtype=torch.double)[None, None], basis)[0] - shift
    return both - of_query - of_key + alone, (of_key - alone)[0], values, shift
