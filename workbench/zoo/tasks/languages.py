"""Sentiment in two made-up languages whose words have nothing in common; answers and numerals are shared.

A sentence is of one language. The second, fourth, ... word of each language is friendly, the others are not, and the
majority decides; the answer is a word and the end of the text.
"""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

END, UNKNOWN, ANSWERS = 1, 2, (3, 4)
NUMERALS: Final = range(5, 15)
SHARED, WORDS, SENTENCE = 15, 100, 11
NUMERALS_EACH: Final = 2
TEST: Final = 300


@register_task("two_languages", "sentiment in two languages, answered in words")
class TwoLanguages(Task):
    """Sources of 11 tokens, targets of 2."""

    shape = Shape("pair", SHARED + 2 * WORDS, each=True, vocabulary=SHARED + 2 * WORDS, length=SENTENCE)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        return self._draw(torch.randint(2, (size, 1), generator=generator), generator)

    def test(self) -> Batch:
        first, second = self.test_in(0), self.test_in(1)
        inputs = tuple(torch.cat(parts) for parts in zip(first.inputs, second.inputs, strict=True))
        return Batch(inputs, torch.cat([first.targets, second.targets]))

    def test_in(self, language: int) -> Batch:
        """Return the examples to be measured on that are in language 0 or 1."""
        return self._draw(torch.full((TEST, 1), language), torch.Generator().manual_seed(1_000 + language))

    def _draw(self, language: torch.Tensor, generator: torch.Generator) -> Batch:
        size = len(language)
        tendency = torch.where(torch.rand(size, 1, generator=generator) < 0.5, 0.2, 0.8)
        words = SENTENCE - NUMERALS_EACH
        friendly = torch.rand(size, words, generator=generator) < tendency
        stems = torch.randint(WORDS // 2, (size, words), generator=generator)
        numerals = torch.randint(NUMERALS.start, NUMERALS.stop, (size, NUMERALS_EACH), generator=generator)
        source = torch.cat([SHARED + language * WORDS + 2 * stems + friendly, numerals], dim=1)
        mixed = torch.rand(size, SENTENCE, generator=generator).argsort(dim=1)
        answer = torch.tensor(ANSWERS)[(2 * friendly.sum(1) > words).long()]
        target = torch.stack([answer, torch.full_like(answer, END)], dim=1)
        started = torch.stack([torch.zeros_like(answer), answer], dim=1)
        return Batch((source.gather(1, mixed), started), target)
