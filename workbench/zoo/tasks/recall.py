"""Associative recall with several queries (arXiv 2312.04927): pairs of a key and a value, then the keys, reordered."""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import IGNORED, Batch, Task, register_task

KEYS: Final = 16
VALUES: Final = 16
PAIRS: Final = 8
# No step of a training draws from this seed.
TEST_SEED: Final = 2**32
TEST: Final = 512


@register_task("recall", "the value that stood behind a key, 8 pairs")
class Recall(Task):
    """Keys are 1 to 16 and differ within an example; values are 17 to 32. Only what follows the pairs is scored."""

    shape = Shape("tokens", 1 + KEYS + VALUES, each=True, vocabulary=1 + KEYS + VALUES, length=3 * PAIRS)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        keys = 1 + torch.rand(size, KEYS, generator=generator).argsort(1)[:, :PAIRS]
        values = 1 + KEYS + torch.randint(VALUES, (size, PAIRS), generator=generator)
        order = torch.rand(size, PAIRS, generator=generator).argsort(1)
        pairs = torch.stack([keys, values], dim=-1).flatten(1)
        targets = torch.cat([torch.full_like(pairs, IGNORED), values.gather(1, order)], dim=1)
        return Batch((torch.cat([pairs, keys.gather(1, order)], dim=1),), targets)

    def test(self) -> Batch:
        return self.batch(TEST, torch.Generator().manual_seed(TEST_SEED))
