"""Selective copying (arXiv 2312.00752): repeat the data tokens that stand among noise, in their order."""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import IGNORED, Batch, Task, register_task

NOISE: Final = 0
DATA: Final = 8
GO: Final = DATA + 1
TOKENS: Final = 4
NOISY: Final = 20
# No step of a training draws from this seed.
TEST_SEED: Final = 2**32
TEST: Final = 512


@register_task("copying", "the 4 data tokens among 16 of noise, in their order")
class Copying(Task):
    """Data tokens are 1 to 8, at random places; a mark for each asks for them one by one. Only the marks are scored."""

    shape = Shape("tokens", GO + 1, each=True, vocabulary=GO + 1, length=NOISY + TOKENS)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        data = torch.randint(1, DATA + 1, (size, TOKENS), generator=generator)
        places = torch.rand(size, NOISY, generator=generator).argsort(1)[:, :TOKENS].sort(1).values
        noisy = torch.full((size, NOISY), NOISE).scatter(1, places, data)
        marks = torch.full_like(data, GO)
        return Batch((torch.cat([noisy, marks], 1),), torch.cat([torch.full_like(noisy, IGNORED), data], 1))

    def test(self) -> Batch:
        return self.batch(TEST, torch.Generator().manual_seed(TEST_SEED))
