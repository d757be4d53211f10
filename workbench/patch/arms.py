"""Arms: the interventions that a sweep compares, and the row plan that generates them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.patch.patch import Patch
from workbench.sites.site import SiteMap


@dataclass(frozen=True)
class Arm:
    """Patch these sites from the target row; no sites leave the source prompt alone.

    Args:
        sites: indices of sites.
        heads: heads to patch; all by default.
        steps: loop indices (first, end) of the denoising steps to patch in.
        target: show the target prompt's own row instead.
    """

    sites: tuple[int, ...] = ()
    heads: tuple[int, ...] | None = None
    steps: tuple[int, int | None] = (0, None)
    target: bool = False

    @property
    def key(self) -> str:
        """Name of the arm, the same for equal interventions, such as `5+6` or `5.h1` or `5@0-4`."""
        if self.target:
            return "target"
        if not self.sites:
            return "source"
        heads = "" if self.heads is None else ".h" + _joined(self.heads)
        first, end = self.steps
        steps = "" if (first, end) == (0, None) else f"@{first}-{'' if end is None else end}"
        return _joined(self.sites) + heads + steps

    def patches(self, sites: SiteMap, source_row: int) -> list[Patch]:
        """Return the arm as patches that read from a row of the batch."""
        return [Patch(sites[index], source_row, self.heads, self.steps) for index in self.sites]


def _joined(numbers: Iterable[int]) -> str:
    return "+".join(map(str, sorted(set(numbers))))


SOURCE = Arm()
TARGET = Arm(target=True)


@dataclass(frozen=True)
class RowBatch:
    """Arms of one pair and seed that run in one generation; row 0 is always the target prompt.

    Args:
        key: name of the batch, the same for the same arms, pair and seed.
        pair: index of the pair.
        seed: seed of the shared noise.
        arms: the arms of the rows after row 0; the arm `target` is row 0 itself and has no row of its own.
    """

    key: str
    pair: int
    seed: int
    arms: tuple[Arm, ...]

    @property
    def rows(self) -> int:
        """Rows of the batch, row 0 included."""
        return 1 + sum(not arm.target for arm in self.arms)

    def halves(self) -> tuple[RowBatch, RowBatch]:
        """Split the arms in two, for when the batch does not fit the memory."""
        middle = len(self.arms) // 2
        return (
            RowBatch(f"{self.key}/0", self.pair, self.seed, self.arms[:middle]),
            RowBatch(f"{self.key}/1", self.pair, self.seed, self.arms[middle:]),
        )


def plan_batches(
    stage: str, arms: Sequence[Arm], pairs: int, seeds: Sequence[int], max_rows: int
) -> Iterator[RowBatch]:
    """Plan the batches of a sweep: for every pair and seed all arms, split so that rows fit `max_rows`."""
    size = max(1, max_rows - 1)
    for pair in range(pairs):
        for seed in seeds:
            for start in range(0, len(arms), size):
                yield RowBatch(f"{stage}/{pair}/{seed}/{start}", pair, seed, tuple(arms[start : start + size]))
