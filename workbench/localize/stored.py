"""A stored localisation, finished or not, read without its model: scores so far, the rule applied again, found sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from workbench.errors import InputError
from workbench.localize.result import FoundSet
from workbench.localize.scores import ArmScore, ScoreTable
from workbench.localize.screening import Screening, after_screening, read_screening
from workbench.localize.settings import Settings
from workbench.localize.stages import (
    SET_STAGE,
    control_arms,
    detail_arms,
    nested_arms,
    patch_arm,
    ranked_sites,
    reaches,
    single_arms,
    smallest_nested,
    thinned,
)
from workbench.patch.arms import SOURCE, Arm
from workbench.runs.store import Run, RunStore
from workbench.sites.site import SiteMap


class StoredLocalization:
    """What the cells of a run say so far.

    Args:
        store: the store that holds the run.
        run: a run of `localize`, also one that goes on meanwhile: the object is a snapshot.
        sites: the model's sites.
    """

    def __init__(self, store: RunStore, run: Run, sites: SiteMap) -> None:
        self.run, self.sites = run, sites
        self.settings = after_screening(Settings.from_dict(run.config["settings"]), run.folder)
        self.cells = store.cells(run)
        self._tables: dict[tuple[int, ...], ScoreTable] = {}

    @property
    def screening(self) -> Screening | None:
        """The run's screening; None without one or before it is done."""
        return read_screening(self.run.folder) if self.settings.screen else None

    @cached_property
    def _pairs_of(self) -> dict[str, set[int]]:
        """The pairs of which all seeds are there, by arm key."""
        seeds: defaultdict[tuple[str, int], int] = defaultdict(int)
        for key in self.cells:
            pair, _, arm = key.split("/", 2)
            seeds[arm, int(pair)] += 1
        pairs: defaultdict[str, set[int]] = defaultdict(set)
        for (arm, number), count in seeds.items():
            if count == len(self.settings.seeds):
                pairs[arm].add(number)
        return pairs

    def score(self, arm: Arm) -> ArmScore | None:
        """Score an arm over the pairs whose images are all there; None as long as there is no such pair."""
        pairs = tuple(sorted(self._pairs_of.get(arm.key, set()) & self._pairs_of.get(SOURCE.key, set())))
        return self._table(pairs).score(arm) if pairs else None

    def _table(self, pairs: tuple[int, ...]) -> ScoreTable:
        if pairs not in self._tables:
            place = {pair: new for new, pair in enumerate(pairs)}
            split = ((key.split("/", 1), cell) for key, cell in self.cells.items())
            cells = {f"{place[int(pair)]}/{rest}": cell for (pair, rest), cell in split if int(pair) in place}
            self._tables[pairs] = ScoreTable(cells, len(pairs), self.settings.seeds)
        return self._tables[pairs]

    def is_complete(self, arms: Sequence[Arm]) -> bool:
        """Tell whether all images of these arms are there."""
        return all(len(self._pairs_of.get(arm.key, ())) == len(self.settings.pairs) for arm in arms)

    def scores(self, arms: Sequence[Arm]) -> list[ArmScore]:
        """Score those arms of which at least one pair is done."""
        return [score for arm in arms if (score := self.score(arm)) is not None]

    @property
    def pairs_done(self) -> int:
        """Number of pairs whose sites have all been patched alone."""
        return len(set.intersection(*(self._pairs_of.get(arm.key, set()) for arm in self._singles())))

    def _singles(self) -> list[Arm]:
        return single_arms(self.settings, range(len(self.sites)))

    @property
    def everything(self) -> Arm:
        """The arm that patches all sites."""
        return patch_arm(self.settings, range(len(self.sites)))

    def nested(self) -> list[Arm]:
        """Return the arms of the nested sets; none before all sites have been patched alone."""
        if not self.is_complete(self._singles()):
            return []
        return nested_arms(self.settings, ranked_sites(self.settings, self._full_table()))

    def _full_table(self) -> ScoreTable:
        return self._table(tuple(range(len(self.settings.pairs))))

    def step_windows(self) -> list[Arm]:
        """Return the arms of single sites in windows of the schedule."""
        return detail_arms(replace(self.settings, heads=False), ())

    def heads(self) -> list[Arm]:
        """Return the arms of single heads of the tried sites; none unless the run patches them."""
        counts = [self.sites[site].heads for site in self.settings.sites]
        return detail_arms(replace(self.settings, step_windows=1), counts)

    def asked_sets(self) -> list[Arm]:
        """Return the sets that were asked for by hand, see `score_set`."""
        stages = dict.fromkeys(cell["stage"] for cell in self.cells.values() if cell["stage"].startswith(SET_STAGE))
        return [
            patch_arm(self.settings, [int(site) for site in stage[len(SET_STAGE) :].split("+")]) for stage in stages
        ]

    def found(self, *, share: float | None = None, drift_margin: float | None = None) -> Arm | None:
        """Apply the rule to the stored sets, without a new image.

        With the run's own share and margin this is the set that the run found. With others, a set is thinned only as
        far as the images of smaller sets are there.

        Args:
            share: of the all-sites effect; that of the run unless given.
            drift_margin: beyond the drift of all sites; that of the run unless given.

        Returns:
            The arm, or None if no set satisfies the rule or the nested sets are not all there.
        """
        nested, settings = self.nested(), self.settings
        if not nested or not self.is_complete(nested):
            return None
        settings = replace(
            settings,
            share=settings.share if share is None else share,
            drift_margin=settings.drift_margin if drift_margin is None else drift_margin,
        )
        table = self._full_table()
        everything = table.score(self.everything)
        first = smallest_nested(settings, table, nested, everything)
        return None if first is None else thinned(settings, first, everything, self._thinner)

    def _thinner(self, _: Arm, arms: list[Arm]) -> list[ArmScore]:
        return [self._full_table().score(arm) for arm in arms if self.is_complete([arm])]

    def random_sets(self) -> list[Arm]:
        """Return the random control sets of the run's own found set."""
        found = self.found()
        if found is None:
            found = self.everything
        return control_arms(self.settings, found, range(len(self.sites)))[0]

    def found_set(self, sites: Sequence[int]) -> FoundSet:
        """Make a found set of any sites whose combined patch is scored, see `score_set`.

        Raises:
            InputError: sites that do not exist, or that have not been patched together on all pairs.
        """
        chosen = self.sites.select(sites)
        arm = patch_arm(self.settings, [site.index for site in chosen])
        if not self.is_complete([arm, self.everything, SOURCE]):
            raise InputError(
                "sites that were patched together on all pairs",
                f"{list(arm.sites)} in {self.run.id}",
                "score them first",
            )
        table, own = self._full_table(), self.found()
        randoms = [other for other in self.random_sets() if len(other.sites) == len(arm.sites)]
        everything, parameters = table.score(self.everything), sum(site.text_kv_parameters for site in chosen)
        return FoundSet(
            model=self.run.model,
            fingerprint=self.run.config["fingerprint"],
            sites=tuple(site.name for site in chosen),
            indices=arm.sites,
            parameters=parameters,
            share=parameters / self.sites.total_parameters,
            rule=self.settings.rule if arm == own else f"chosen by hand in run {self.run.id}",
            # All sites reach their own effect, which says nothing.
            reached=arm == own or (arm != self.everything and reaches(self.settings, table.score(arm), everything)),
            score=table.score(arm),
            all_sites=everything,
            control=table.mean_score(randoms) if randoms and self.is_complete(randoms) else {},
            complement=None,
        )
