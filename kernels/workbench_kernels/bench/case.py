"""What is compared: one piece of work, done by a kernel and by the best that PyTorch has for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import torch

from workbench_kernels.packed import Packed, pack

OURS: Final = "ours"
Work = Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Case:
    """One comparison.

    Args:
        operation: name of the folder.
        shape: what it is run on, in words.
        contenders: the work by name, `ours` among them; all return the same numbers up to rounding.
        flops: of the algorithm that ours runs, a multiply-add as two.
        bytes_moved: read and written at the least.
        goal: by how much ours should be faster than the best other.
        missing: contenders that cannot run here, with the reason.
    """

    operation: str
    shape: str
    contenders: dict[str, Work]
    flops: float
    bytes_moved: float
    goal: float
    missing: dict[str, str] = field(default_factory=dict)


def add_if_it_runs(case: Case, name: str, build: Callable[[], Work]) -> None:
    """Add a contender if it can be built and run once here; otherwise keep the reason."""
    try:
        work = build()
        work()
    except Exception as error:
        # Backends refuse shapes and devices with errors of many kinds; all mean the same here.
        lines = str(error).splitlines()
        case.missing[name] = f"{type(error).__name__}: {lines[0] if lines else ''}"
    else:
        case.contenders[name] = work


def compiled(function: Callable[..., torch.Tensor], *given: Any) -> Work:
    """Return a function compiled by PyTorch, with its inputs."""
    return partial(torch.compile(function), *given)


def even(sequences: int, length: int, device: torch.device | str) -> Packed:
    """Return a batch of sequences of one length."""
    return pack(torch.ones(sequences, length, device=device))


def mixed(sequences: int, longest: int, device: torch.device | str, mean: float = 0.6) -> Packed:
    """Return a batch of lengths spread evenly around a share of the longest, which is among them."""
    generator = torch.Generator().manual_seed(0)
    low = max(1, round((2 * mean - 1) * longest))
    lengths = torch.randint(low, longest + 1, (sequences,), generator=generator)
    lengths[0] = longest
    return pack((torch.arange(longest) < lengths[:, None]).to(device))


def score_flops(packed: Packed, width: int) -> float:
    """Return the floating point operations of scores and mixing, 4 n^2 d a sequence."""
    return float(4 * width * packed.offsets.diff().double().square().sum())
