"""What a model takes and returns, as data, so that tasks and systems fit each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

Inputs = Literal["image", "tokens", "pair", "vectors"]


@dataclass(frozen=True)
class Shape:
    """Inputs and outputs of a model.

    Args:
        inputs: `image` [batch, channels, size, size]; `tokens` [batch, length]; `pair` of source and target tokens,
            both [batch, length]; `vectors` [batch, length, channels].
        outputs: classes, vocabulary or numbers to predict.
        each: whether every token gets an output ([batch, length, outputs]) or the whole ([batch, outputs]).
        channels: of images or vectors.
        size: of images, in pixels.
        vocabulary: number of tokens.
        length: number of tokens or vectors; the longest where tasks vary.
    """

    inputs: Inputs
    outputs: int
    each: bool = False
    channels: int = 1
    size: int = 0
    vocabulary: int = 0
    length: int = 0

    def example(self, batch: int = 2, device: str = "cpu", seed: int = 0) -> tuple[torch.Tensor, ...]:
        """Return random inputs."""
        if self.inputs == "image":
            size: tuple[int, ...] = (batch, self.channels, self.size, self.size)
        else:
            size = (batch, self.length)
        if device == "meta":
            kind = torch.float32 if self.inputs in ("image", "vectors") else torch.int64
            size = (*size, self.channels) if self.inputs == "vectors" else size
            made = torch.empty(size, dtype=kind, device="meta")
            return (made, made) if self.inputs == "pair" else (made,)
        generator = torch.Generator().manual_seed(seed)
        if self.inputs == "image":
            return (torch.randn(size, generator=generator),)
        if self.inputs == "vectors":
            return (torch.randn(*size, self.channels, generator=generator),)
        count = 2 if self.inputs == "pair" else 1
        return tuple(torch.randint(1, self.vocabulary, size, generator=generator) for _ in range(count))
