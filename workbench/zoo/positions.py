"""Positions that several systems add to their tokens."""

from __future__ import annotations

import torch


def sinusoids(tokens: int, width: int) -> torch.Tensor:
    """Return positions [token, width]: sines in even channels, cosines in odd ones (arXiv 1706.03762); even widths."""
    angles = torch.arange(tokens)[:, None] * 10_000.0 ** (-torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
