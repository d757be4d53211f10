"""Handwritten digits that do not lie where they lay: a fixed grid of patches cuts each of them elsewhere."""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.task import Batch, Task, register_task
from workbench.zoo.tasks.digits import Digits32

FURTHEST: Final = 3


@register_task("moved_digits", "handwritten digits of 32 x 32 pixels, moved by up to 3 each way")
class MovedDigits(Task):
    """Digits, each moved by as many rows and as many columns as chance has it, round the edge."""

    def __init__(self) -> None:
        self._digits = Digits32()
        self.shape = self._digits.shape
        self._test = self._moved(self._digits.test(), torch.Generator().manual_seed(0))

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        return self._moved(self._digits.batch(size, generator), generator)

    def test(self) -> Batch:
        return self._test

    def _moved(self, batch: Batch, generator: torch.Generator) -> Batch:
        images = batch.inputs[0]
        shifts = torch.randint(-FURTHEST, FURTHEST + 1, (2, len(images), 1), generator=generator)
        rows, columns = (torch.arange(self.shape.size) + shifts) % self.shape.size
        example = torch.arange(len(images))[:, None, None]
        return Batch((images[example, 0, rows[:, :, None], columns[:, None, :]][:, None],), batch.targets)
