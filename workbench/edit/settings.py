"""Settings of an edit, checked when they are made and stored with the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from workbench.errors import InputError
from workbench.localize.pairs import Pair
from workbench.patch.arms import Arm
from workbench.patch.generate import Sampling

METHODS: Final = {
    "source": "The source prompt, nothing edited.",
    "found": "The source prompt, with the target prompt's text keys and values at the found sites.",
    "all_sites": "The source prompt, with the target prompt's text keys and values at all sites.",
    "regenerate": "The target prompt from the same noise.",
    "p2p": "Prompt-to-Prompt: the target prompt under the source's attention maps.",
}
# Rows that a method needs if it is run alone: itself, and the row it reads from.
ROWS_ALONE: Final = {"source": 1, "found": 2, "all_sites": 2, "regenerate": 1, "p2p": 2}


@dataclass(frozen=True)
class EditSettings:
    """Everything that decides the images of an edit, besides the model's weights and a given image.

    Args:
        pairs: source and target prompts with their texts; pairs in a row that share their source are edited in one
            batch.
        seeds: seeds of the noise; each pair is run with each.
        sampling: steps, guidance and size.
        found: indices of the found sites.
        heads: heads to patch at the found sites; all by default.
        start_step: loop index from which patches apply.
        reader: name of the OCR engine.
        max_rows: rows of one generation.
        image: whether an image was given, which the noise is then taken from.
    """

    pairs: tuple[Pair, ...]
    seeds: tuple[int, ...]
    sampling: Sampling
    found: tuple[int, ...]
    heads: tuple[int, ...] | None = None
    start_step: int = 0
    reader: str = "rapidocr"
    max_rows: int = 32
    image: bool = False

    def __post_init__(self) -> None:
        distinct = len(set(self.seeds)) == len(self.seeds) > 0
        needed = len(METHODS)
        checks = (
            (bool(self.pairs), "at least one pair", len(self.pairs)),
            (distinct, "distinct seeds", self.seeds),
            (0 <= self.start_step < self.sampling.steps, f"a start step below {self.sampling.steps}", self.start_step),
            (self.max_rows >= needed, f"at least {needed} rows a batch", self.max_rows),
            (not self.image or len(self.seeds) == 1, "one seed, as a given image has one noise", self.seeds),
            (not self.image or len({pair.source for pair in self.pairs}) == 1, "one source prompt", "several"),
        )
        for holds, expected, got in checks:
            if not holds:
                raise InputError(expected, str(got), "change that setting")

    def arm(self, method: str, sites: int) -> Arm:
        """Return the patches of `found` or `all_sites` in a model of that many sites."""
        steps = (self.start_step, None)
        return Arm(self.found, self.heads, steps) if method == "found" else Arm(tuple(range(sites)), steps=steps)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EditSettings:
        """Rebuild settings from plain data."""
        heads = None if data["heads"] is None else tuple(data["heads"])
        lists = {"seeds": tuple(data["seeds"]), "found": tuple(data["found"]), "heads": heads}
        pairs = tuple(Pair(**pair) for pair in data["pairs"])
        return cls(**{**data, **lists, "pairs": pairs, "sampling": Sampling(**data["sampling"])})
