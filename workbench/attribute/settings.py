"""How an attribution is computed: the numbers that its methods read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from workbench.errors import InputError

LEAST: Final = {"nodes": 2, "most_nodes": 9, "samples": 1, "rows": 1, "seed": 0}


@dataclass(frozen=True)
class Settings:
    """What the methods share.

    Args:
        nodes: points on each path; unless given, Integrated Gradients takes as many as its certificate needs, IDGI 50
            and sequential IG 8 a token.
        bound: largest completeness gap, as a share of the decision's change, that counts as certified.
        most_nodes: most gradients of one text; what needs more is reported as not certified.
        samples: permutations of Shapley sampling.
        layers: module paths for layer IG; every block over the tokens unless given.
        seed: decides everything random.
        rows: points evaluated at once; it bounds the memory and decides nothing else.
        sequence: the log-probabilities of the labels' whole strings decide, not the first step's logits.
    """

    nodes: int | None = None
    bound: float = 0.01
    most_nodes: int = 1000
    samples: int = 25
    layers: tuple[str, ...] = ()
    seed: int = 0
    rows: int = 64
    sequence: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), LEAST.get(field.name)
            if least is not None and value is not None and value < least:
                raise InputError(f"{field.name} of at least {least}", str(value), "give a larger one")
        if not 0 < self.bound < 1:
            raise InputError("a bound between 0 and 1, such as 0.01 for 1 %", str(self.bound), "give another bound")
