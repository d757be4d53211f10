"""Sentiment of generated reviews, read byte by byte: a stand-in for the film reviews of the Long Range Arena.

A review praises or blames three things, and the majority decides. One word in five is turned round by `not`, so
counting words is right more often than not, and reading them always.
"""

from __future__ import annotations

import random
from functools import cached_property
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

THINGS: Final = ("plot", "cast", "end", "music", "start", "tone")
WORDS: Final = (("bad", "dull", "weak", "poor", "flat"), ("good", "fine", "warm", "bold", "fun"))
LENGTH: Final = 60
LEARN, TEST = 12_000, 600


def review(draw: random.Random) -> tuple[str, int]:
    """Return a review and whether it is positive."""
    clauses, praises = [], 0
    for thing in draw.sample(THINGS, 3):
        praise, negated = draw.random() < 0.5, draw.random() < 0.2
        word = draw.choice(WORDS[praise != negated])
        clauses.append(f"{thing} was {'not ' if negated else ''}{word}")
        praises += praise
    return ", ".join(clauses) + ".", int(praises >= 2)


@register_task("bytes", "sentiment of generated reviews, byte by byte")
class Bytes(Task):
    """Reviews as bytes of ASCII, padded with 0 at the end; all are distinct."""

    shape = Shape("tokens", 2, vocabulary=128, length=LENGTH)

    @cached_property
    def _pool(self) -> Batch:
        draw, found = random.Random(0), dict[str, int]()
        while len(found) < LEARN + TEST:
            text, positive = review(draw)
            found[text] = positive
        rows = [list(text.encode().ljust(LENGTH, b"\0")) for text in found]
        return Batch((torch.tensor(rows),), torch.tensor(list(found.values())))

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        rows = TEST + torch.randint(LEARN, (size,), generator=generator)
        return Batch((self._pool.inputs[0][rows],), self._pool.targets[rows])

    def test(self) -> Batch:
        return Batch((self._pool.inputs[0][:TEST],), self._pool.targets[:TEST])
