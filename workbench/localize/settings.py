"""Settings of a localisation, checked when they are made and stored with the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.errors import InputError
from workbench.localize.pairs import Pair
from workbench.patch.generate import Sampling


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result of `localize`, besides the model's weights.

    Args:
        pairs: prompt pairs.
        seeds: seeds of the noise; each pair is run with each.
        sampling: steps, guidance, size, and whether only the conditional half is patched.
        sites: indices of the sites to try; the others are never patched alone.
        start_step: loop index from which patches apply; the published sweep uses 0.
        share: share of the all-sites effect that a found set must reach.
        drift_margin: drift that it may show beyond that of all sites.
        heads: also patch every head of the tried sites alone.
        step_windows: also patch every tried site in that many equal windows of the schedule; 1 means not.
        random_sets: number of random control sets.
        reader: name of the OCR engine.
        max_rows: rows of one generation.
        screen: patch only that many of the sites, the best of a screening (`workbench.localize.screen`); 0 means all.
    """

    pairs: tuple[Pair, ...]
    seeds: tuple[int, ...]
    sampling: Sampling
    sites: tuple[int, ...]
    start_step: int = 0
    share: float = 0.9
    drift_margin: float = 0.05
    heads: bool = False
    step_windows: int = 1
    random_sets: int = 3
    reader: str = "rapidocr"
    max_rows: int = 32
    screen: int = 0

    def __post_init__(self) -> None:
        checks: Sequence[tuple[bool, str, Any]] = (
            (bool(self.pairs), "at least one pair", len(self.pairs)),
            (bool(self.seeds) and len(set(self.seeds)) == len(self.seeds), "distinct seeds", self.seeds),
            (bool(self.sites), "at least one site", self.sites),
            (0 <= self.start_step < self.sampling.steps, f"a start step below {self.sampling.steps}", self.start_step),
            (0 < self.share <= 1, "a share between 0 and 1", self.share),
            (1 <= self.step_windows <= self.sampling.steps, "1 window up to one per step", self.step_windows),
            (self.max_rows >= 3, "at least 3 rows a batch, for source, target and a patch", self.max_rows),
            (self.screen >= 0, "a number of sites to keep, or 0 for no screening", self.screen),
            (self.random_sets >= 0, "no negative number of random sets", self.random_sets),
        )
        for holds, expected, got in checks:
            if not holds:
                raise InputError(expected, str(got), "change that setting")

    def trying(self, sites: Sequence[int]) -> Settings:
        """Return the settings with other sites to try."""
        return replace(self, sites=tuple(sites))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Rebuild settings from plain data."""
        pairs = tuple(Pair(**pair) for pair in data["pairs"])
        lists = {"seeds": tuple(data["seeds"]), "sites": tuple(data["sites"])}
        return cls(**{**data, **lists, "pairs": pairs, "sampling": Sampling(**data["sampling"])})

    @property
    def rule(self) -> str:
        """The rule that chooses the found set, in words."""
        return (
            f"smallest set, taken in the order of the ranking and then thinned one site at a time, whose text effect "
            f"reaches {100 * self.share:g} % of that of all sites, with drift at most {self.drift_margin} above theirs"
        )
