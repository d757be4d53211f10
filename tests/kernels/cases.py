"""What all kernels are tested with: lengths, float64 references, and a bound on errors."""

from __future__ import annotations

from collections.abc import Sequence

import torch

# Odd lengths around the sides of tiles, and empty sequences.
LENGTHS = (1, 17, 0, 63, 65)


def offsets_of(lengths: Sequence[int] = LENGTHS) -> torch.Tensor:
    """Return offsets of sequences of these lengths."""
    return torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)


def error(found: torch.Tensor, exact: torch.Tensor) -> float:
    """Return the relative error in the Frobenius norm against a float64 reference."""
    return float((found.double() - exact).norm() / exact.norm())


def assert_as_good(found: torch.Tensor, plain: torch.Tensor, exact: torch.Tensor, rounding: float = 1e-6) -> None:
    """Require at most twice the error of PyTorch in the same type, or a few roundings."""
    assert found.isfinite().all()
    assert error(found, exact) <= 2 * error(plain, exact) + rounding
