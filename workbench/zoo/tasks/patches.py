"""Stripes inside one cell of an image: what tells the classes apart is the arrangement of a cell's pixels alone."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

SIZE: Final = 16
CELL: Final = 8
PERIOD: Final = 4
NOISE: Final = 1.25
# Steps along rows and columns whose sum is constant along a stripe: across, upright, and both diagonals.
DIRECTIONS: Final = ((1, 0), (0, 1), (1, 1), (1, -1))
TESTS: Final = 800


@register_task("patches", "the direction of stripes inside one cell of 8 x 8 pixels")
class Patches(Task):
    """One cell out of four is striped in one of four directions, at a random phase; the others hold shuffled stripes.

    All cells have the same histogram of pixels, half of them 1 and half -1, so neither a mean nor a count of bright
    pixels says anything; noise is added to all pixels.
    """

    def __init__(self) -> None:
        self.shape = Shape("image", len(DIRECTIONS), size=SIZE)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        cells_a_side = SIZE // CELL
        targets = torch.randint(len(DIRECTIONS), (size,), generator=generator)
        phases = torch.randint(PERIOD, (size,), generator=generator)
        striped = _stripes(targets, phases).flatten(1)
        order = torch.rand(size, cells_a_side**2, CELL**2, generator=generator).argsort(-1)
        cells = striped[:, None].expand(-1, cells_a_side**2, -1).gather(-1, order)
        place = torch.randint(cells_a_side**2, (size,), generator=generator)
        cells[torch.arange(size), place] = striped
        images = cells.view(size, cells_a_side, cells_a_side, CELL, CELL).transpose(2, 3).reshape(size, 1, SIZE, SIZE)
        return Batch((images + NOISE * torch.randn(images.shape, generator=generator),), targets)

    def test(self) -> Batch:
        return self._test

    @cached_property
    def _test(self) -> Batch:
        # No training seed comes near this one.
        return self.batch(TESTS, torch.Generator().manual_seed(2**40))


def _stripes(targets: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
    """Return cells [example, CELL, CELL] of 1 and -1 in stripes two pixels wide."""
    down, right = torch.tensor(DIRECTIONS)[targets].T
    rows, columns = torch.meshgrid(torch.arange(CELL), torch.arange(CELL), indexing="ij")
    along = down[:, None, None] * rows + right[:, None, None] * columns + phases[:, None, None]
    return 1.0 - 2.0 * (along % PERIOD >= PERIOD // 2)
