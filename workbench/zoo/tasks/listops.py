"""ListOps of the Long Range Arena (arXiv 2011.04006) with short expressions: nested lists of digits, one digit to find.

The generator is that of the benchmark: a node is a digit with probability 3/4, else an operator on 2 or more nodes;
brackets for grouping are not written. It keeps expressions of 500 to 2,000 tokens, this file those of 8 to 40.
"""

from __future__ import annotations

import random
from functools import cached_property
from statistics import median
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

OPERATORS: Final = ("[MIN", "[MAX", "[MED", "[SM")
CLOSE: Final = "X"
SYMBOLS: Final = ("<pad>", *map(str, range(10)), *OPERATORS, CLOSE)
DEPTH, ARGUMENTS, SHORTEST, LONGEST = 4, 4, 8, 40
LEARN, TEST = 12_000, 600


def apply(operator: str, values: list[int]) -> int:
    """Return the digit that an operator makes of digits."""
    if operator == "[MIN":
        return min(values)
    if operator == "[MAX":
        return max(values)
    if operator == "[MED":
        return int(median(values))
    return sum(values) % 10


def expression(draw: random.Random, depth: int = 1) -> tuple[list[str], int]:
    """Return the symbols and the value of a random expression; the outermost node is an operator."""
    # A digit alone is too short to be kept, so drawing one first would only repeat the draw.
    if depth > 1 and (depth >= DEPTH or draw.random() > 0.25):
        digit = draw.randrange(10)
        return [str(digit)], digit
    operator, count = draw.choice(OPERATORS), draw.randint(2, ARGUMENTS)
    nodes = [expression(draw, depth + 1) for _ in range(count)]
    symbols = [symbol for node, _ in nodes for symbol in node]
    return [operator, *symbols, CLOSE], apply(operator, [value for _, value in nodes])


@register_task("listops", "nested operations on digits, up to 40 symbols")
class ListOps(Task):
    """Expressions padded with 0 at the end; all are distinct."""

    shape = Shape("tokens", 10, vocabulary=len(SYMBOLS), length=LONGEST)

    @cached_property
    def _pool(self) -> Batch:
        draw, found = random.Random(0), dict[tuple[str, ...], int]()
        while len(found) < LEARN + TEST:
            symbols, value = expression(draw)
            if SHORTEST <= len(symbols) <= LONGEST:
                found[tuple(symbols)] = value
        code = {symbol: index for index, symbol in enumerate(SYMBOLS)}
        rows = [[code[symbol] for symbol in row] + [0] * (LONGEST - len(row)) for row in found]
        return Batch((torch.tensor(rows),), torch.tensor(list(found.values())))

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        rows = TEST + torch.randint(LEARN, (size,), generator=generator)
        return Batch((self._pool.inputs[0][rows],), self._pool.targets[rows])

    def test(self) -> Batch:
        return Batch((self._pool.inputs[0][:TEST],), self._pool.targets[:TEST])
