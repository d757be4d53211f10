"""Repair of generated methods in the style of Java, with abstract names of variables: a stand-in for mined bug fixes.

The name of a method says what it should do; one token of its body was mutated (a comparison, an operator, a constant,
a negation or a variable), and the target is the method as it was.
"""

from __future__ import annotations

import random
from functools import cached_property
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import IGNORED, Batch, Task, register_task

METHODS: Final = (
    "max ( A , B ) { return A > B ? A : B ; }",
    "min ( A , B ) { return A < B ? A : B ; }",
    "sum ( A , B ) { return A + B ; }",
    "difference ( A , B ) { return A - B ; }",
    "next ( A ) { return A + 1 ; }",
    "previous ( A ) { return A - 1 ; }",
    "isZero ( A ) { return A == 0 ; }",
    "isNull ( A ) { return A == null ; }",
    "exists ( A ) { return A != null ; }",
    "isSame ( A , B ) { return A == B ; }",
)
VARIABLES: Final = tuple(f"VAR_{number}" for number in range(1, 13))
MUTATIONS: Final = {
    ">": ("<", ">="),
    "<": (">", "<="),
    "+": ("-", "*"),
    "-": ("+", "*"),
    "==": ("!=", "<"),
    "!=": ("==", "<"),
    "0": ("1",),
    "1": ("0",),
    "null": ("0",),
}
SPECIAL: Final = ("<pad>", "<end>", "<mask>")
END, MASK = 1, 2
WRITTEN: Final = {token for method in METHODS for token in method.split()} - {"A", "B"}
TOKENS: Final = (*SPECIAL, *VARIABLES, *sorted(WRITTEN | {">=", "<=", "*"}))
LENGTH: Final = max(len(method.split()) for method in METHODS) + 1
LEARN, TEST = 4_000, 500


def example(draw: random.Random) -> tuple[list[str], list[str]]:
    """Return a method with a mutation, and as it was."""
    first, second, other = draw.sample(VARIABLES, 3)
    method = [{"A": first, "B": second}.get(token, token) for token in draw.choice(METHODS).split()]
    body = range(method.index("{"), len(method))
    place = draw.choice([place for place in body if method[place] in MUTATIONS or method[place] in VARIABLES])
    mutated = list(method)
    mutated[place] = other if method[place] in VARIABLES else draw.choice(MUTATIONS[method[place]])
    return mutated, method


def encode(tokens: list[str]) -> list[int]:
    """Return numbers of tokens and of the end, padded with 0."""
    return [TOKENS.index(token) for token in tokens] + [END] + [0] * (LENGTH - len(tokens) - 1)


def pairs(source: torch.Tensor, target: torch.Tensor) -> Batch:
    """Return a batch whose decoder sees the target one token late, starting with 0."""
    started = torch.cat([torch.zeros_like(target[:, :1]), target[:, :-1]], dim=1)
    return Batch((source, started), target.masked_fill(target == 0, IGNORED))


@register_task("code_repair", "undo a mutation in generated methods")
class CodeRepair(Task):
    """Methods of up to 20 tokens and the end, padded with 0; all mutated ones are distinct."""

    shape = Shape("pair", len(TOKENS), each=True, vocabulary=len(TOKENS), length=LENGTH)

    @cached_property
    def _pool(self) -> tuple[torch.Tensor, torch.Tensor]:
        draw, found = random.Random(0), dict[tuple[str, ...], list[str]]()
        while len(found) < LEARN + TEST:
            mutated, method = example(draw)
            found[tuple(mutated)] = method
        return torch.tensor([encode(list(one)) for one in found]), torch.tensor([encode(one) for one in found.values()])

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        rows = TEST + torch.randint(LEARN, (size,), generator=generator)
        return pairs(*(part[rows] for part in self._pool))

    def test(self) -> Batch:
        return pairs(*(part[:TEST] for part in self._pool))
