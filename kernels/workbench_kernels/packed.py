"""Sequences of different lengths without padding: all tokens in one tensor of rows, and where each sequence begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import torch

from workbench_kernels.backend import KernelRefusal

# What indexes rows as [sequence, token].
Rows: TypeAlias = torch.Tensor | tuple[None, slice]


@dataclass(frozen=True)
class Packed:
    """Where sequences lie in packed rows, and where these rows lie in the padded batch.

    Args:
        offsets: int32 [batch + 1], the first row of each sequence, and the number of rows at the end.
        longest: number of tokens of the longest sequence.
        places: int64 [row], index of each row in the padded batch, flattened to batch * padded length.
        batch: number of sequences.
        padded: length of the padded batch.
    """

    offsets: torch.Tensor
    longest: int
    places: torch.Tensor
    batch: int
    padded: int


def pack(mask: torch.Tensor) -> Packed:
    """Return where the tokens of a padded batch lie once padding is left out.

    Args:
        mask: [batch, token], nonzero for tokens; padding may be on either side.

    Raises:
        KernelRefusal: not two dimensions.
    """
    if mask.ndim != 2:
        raise KernelRefusal("a mask [batch, token]", f"shape {tuple(mask.shape)}", "give the mask of the tokens")
    kept = mask.bool()
    lengths = kept.sum(1, dtype=torch.int32)
    offsets = torch.nn.functional.pad(lengths.cumsum(0, dtype=torch.int32), (1, 0))
    places = kept.flatten().nonzero().flatten()
    return Packed(offsets, int(lengths.max()) if len(lengths) else 0, places, *mask.shape)


def gather(values: torch.Tensor, packed: Packed) -> torch.Tensor:
    """Return the rows [row, ...] of a padded batch [batch, token, ...]."""
    return values.flatten(0, 1)[packed.places]


def unpack(rows: torch.Tensor, packed: Packed) -> torch.Tensor:
    """Return the padded batch [batch, token, ...] of rows [row, ...], zero where there is no token."""
    whole = rows.new_zeros(packed.batch * packed.padded, *rows.shape[1:])
    whole[packed.places] = rows
    return whole.unflatten(0, (packed.batch, packed.padded))


def check_offsets(offsets: torch.Tensor, rows: int) -> None:
    """Refuse offsets that cannot be those of a number of rows; their values are not read, which would wait for a GPU.

    Raises:
        KernelRefusal: not one dimension of int32, or none at all.
    """
    if offsets.ndim != 1 or offsets.dtype != torch.int32 or not len(offsets):
        raise KernelRefusal(
            f"int32 offsets [batch + 1] into {rows} rows",
            f"{offsets.dtype} of shape {tuple(offsets.shape)}",
            "use the offsets that `pack` returns",
        )


def by_length(offsets: torch.Tensor) -> Iterator[tuple[Rows, int]]:
    """Yield an index of the rows [sequence, token] of all sequences of one length, for each length but 0.

    Rows of a sequence that has no other of its length are a slice, so that nothing is copied.
    """
    starts: dict[int, list[int]] = defaultdict(list)
    for start, end in pairwise(offsets.tolist()):
        starts[end - start].append(start)
    starts.pop(0, None)
    for length, some in starts.items():
        if len(some) == 1:
            yield (None, slice(some[0], some[0] + length)), length
        else:
            first = torch.tensor(some, device=offsets.device)
            yield first[:, None] + torch.arange(length, device=offsets.device), length
