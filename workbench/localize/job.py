"""Carry out a localisation run: sweep, measure, store, decide the next stage, and put the result together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import numpy as np

from workbench.errors import InputError
from workbench.files import whole
from workbench.hooks.clock import StepClock
from workbench.localize.measure import measure, rest_of_image
from workbench.localize.result import FoundSet, Localization, RankedSite, Ranking
from workbench.localize.scores import ArmScore, ScoreTable
from workbench.localize.screen import screen
from workbench.localize.screening import Screening
from workbench.localize.settings import Settings
from workbench.localize.stages import (
    control_arms,
    detail_arms,
    nested_arms,
    patch_arm,
    ranked_sites,
    set_stage,
    single_arms,
    smallest_nested,
    thinned,
)
from workbench.metrics.reader import TextReader
from workbench.models.model import Model
from workbench.patch.arms import SOURCE, TARGET, Arm, RowBatch, plan_batches
from workbench.patch.sweep import run_batch
from workbench.runs.images import inside, pixel_hash, read_image, write_image
from workbench.runs.store import Run, RunStore
from workbench.sites.site import SiteMap

SITES_FILE: Final = "sites.json"


@dataclass(frozen=True)
class Progress:
    """How far a run is; handed to the caller's `on_progress` after each batch.

    Args:
        stage: what is being done.
        done, total: images so far and in the end, as far as is known; while screening, pairs.
        denoiser_rows: denoiser rows spent.
    """

    stage: str
    done: int
    total: int
    denoiser_rows: int


Listener = Callable[[Progress], None]


@dataclass
class Job:
    """One run being worked on, stage after stage; what is in the store already is not done again."""

    store: RunStore
    run: Run
    model: Model
    sites: SiteMap
    settings: Settings
    reader: TextReader
    on_progress: Listener | None = None
    should_stop: Callable[[], bool] | None = None

    def execute(self) -> Localization:
        with self.store.working_on(self.run):
            with whole(self.run.folder / SITES_FILE) as part:
                self.sites.save(part)
            result = self._stages()
            result.save(self.run.folder / "result.json")
            result.to_dataframe().to_csv(self.run.folder / "ranking.csv", index=False)
            result.found.save(self.run.folder / "found.json")
            self.store.set_status(self.run, "done", {"found": list(result.found.indices)})
        return result

    def score_set(self, sites: Sequence[int]) -> ArmScore:
        """Score any sites patched together on all pairs and seeds; what the run itself found stays as it is."""
        arm, status = patch_arm(self.settings, sites), self.store.get(self.run.id).status
        if missing := self._sources_missing():
            raise InputError("a run whose source images are all there", f"{missing} missing", "resume the run first")
        try:
            with self.store.working_on(self.run):
                self._sweep(set_stage(arm), [arm])
        finally:
            self.store.set_status(self.run, status)
        return self._table().score(arm)

    def _sources_missing(self) -> int:
        there = sum(key.endswith(f"/{SOURCE.key}") for key in self.store.cells(self.run))
        return self._images_of_arm() - there

    def _images_of_arm(self) -> int:
        return len(self.settings.pairs) * len(self.settings.seeds)

    def _screen(self) -> Screening | None:
        """Screen the sites where asked for, and try only the best of them from here on."""
        if not self.settings.screen:
            return None
        screening = screen(
            self.store,
            self.run,
            self.model,
            self.sites,
            self.settings,
            on_call=stop_check(self.should_stop),
            on_pair=lambda done, pairs: self._tell("screening", done, pairs),
        )
        self.settings = self.settings.trying(screening.top(self.settings.screen))
        return screening

    def _stages(self) -> Localization:
        every = range(len(self.sites))
        screening = self._screen()
        heads = [self.sites[index].heads for index in self.settings.sites]
        self._sweep("singles", single_arms(self.settings, every))
        details = detail_arms(self.settings, heads)
        self._sweep("details", details)
        ranking = ranked_sites(self.settings, self._table())
        nested = nested_arms(self.settings, ranking)
        self._sweep("nested", nested)
        found, reached = self._found(nested, patch_arm(self.settings, every))
        random_sets, complement = control_arms(self.settings, found, every)
        self._sweep("control", [*random_sets, *complement])
        result = self._result(ranking, nested, details, found, reached, random_sets, complement)
        return replace(result, screening=screening)

    def _found(self, nested: list[Arm], everything: Arm) -> tuple[Arm, bool]:
        table = self._table()
        all_sites = table.score(everything)
        found = smallest_nested(self.settings, table, nested, all_sites)
        if found is None:
            return everything, False
        return thinned(self.settings, found, all_sites, self._thinner), True

    def _thinner(self, found: Arm, arms: list[Arm]) -> list[ArmScore]:
        self._sweep(f"thin {found.key}", arms)
        table = self._table()
        return [table.score(arm) for arm in arms]

    def _table(self) -> ScoreTable:
        return ScoreTable(self.store.cells(self.run), len(self.settings.pairs), self.settings.seeds)

    def _sweep(self, stage: str, arms: Sequence[Arm]) -> None:
        """Run the batches of a stage that are not done; arms that other stages completed are never run again."""
        settings = self.settings
        cells = self.store.cells(self.run)
        elsewhere = Counter(key.split("/", 2)[2] for key, cell in cells.items() if cell["stage"] != stage)
        fresh = list({arm.key: arm for arm in arms if elsewhere[arm.key] < self._images_of_arm()}.values())
        done = self.store.batches(self.run)
        for batch in plan_batches(stage, fresh, len(settings.pairs), settings.seeds, settings.max_rows):
            if batch.key not in done:
                self._run_batch(batch, stage)

    def _run_batch(self, batch: RowBatch, stage: str) -> None:
        pair = self.settings.pairs[batch.pair]
        start = time.perf_counter()
        made = run_batch(
            self.model,
            self.sites,
            batch,
            (pair.source, pair.target),
            self.settings.sampling,
            on_call=stop_check(self.should_stop),
        )
        prefix = f"{batch.pair}/{batch.seed}"
        source = made.images.get(SOURCE.key)
        target = made.images.get(TARGET.key)
        source = self._stored(prefix, SOURCE) if source is None else source
        target = self._stored(prefix, TARGET) if target is None else target
        rest = rest_of_image(source, target, self.reader)
        measured = measure(made.images, source, rest, pair, self.reader)
        cells = [
            (f"{prefix}/{arm}", {"stage": stage, **values, **self._keep(prefix, arm, made.images[arm])})
            for arm, values in measured.items()
        ]
        seconds = time.perf_counter() - start
        self.store.write_batch(self.run, batch.key, cells, denoiser_rows=made.denoiser_rows, seconds=seconds)
        done = self.store.get(self.run.id).cells
        self._tell(stage, done, max(done, self.run.forecast["images"]))

    def _keep(self, prefix: str, arm: str, image: np.ndarray) -> dict[str, str]:
        name = image_name(prefix, arm)
        write_image(inside(self.run.folder / "images", name), image)
        return {"image": name, "pixels": pixel_hash(image)}

    def _stored(self, prefix: str, arm: Arm) -> np.ndarray:
        return read_image(inside(self.run.folder / "images", image_name(prefix, arm.key)))

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(stage, done, total, int(self.store.cost(self.run)["denoiser_rows"])))

    def _result(
        self,
        ranking: list[int],
        nested: list[Arm],
        details: list[Arm],
        found: Arm,
        reached: bool,
        random_sets: list[Arm],
        complement: list[Arm],
    ) -> Localization:
        table, settings = self._table(), self.settings
        singles = [patch_arm(settings, [site]) for site in ranking]
        inclusion = table.inclusion(singles, len(found.sites))
        ranked = tuple(
            RankedSite(site, self.sites[site].name, table.score(arm), share)
            for site, arm, share in zip(ranking, singles, inclusion, strict=True)
        )
        everything = table.score(patch_arm(settings, range(len(self.sites))))
        chosen = [self.sites[index] for index in found.sites]
        parameters = sum(site.text_kv_parameters for site in chosen)
        found_set = FoundSet(
            model=self.model.name,
            fingerprint=self.run.config["fingerprint"],
            sites=tuple(site.name for site in chosen),
            indices=found.sites,
            parameters=parameters,
            share=parameters / self.sites.total_parameters,
            rule=settings.rule,
            reached=reached,
            score=table.score(found),
            all_sites=everything,
            control=table.mean_score(random_sets) if random_sets else {},
            complement=table.score(complement[0]) if complement else None,
        )
        return Localization(
            run=self.run.id,
            folder=str(self.run.folder),
            model=self.model.name,
            family=self.model.family.name,
            note=self.model.note,
            config=self.run.config,
            versions=self.run.versions,
            baseline=table.score(SOURCE),
            target=table.score(TARGET),
            all_sites=everything,
            ranking=Ranking(ranked),
            trade_off=tuple(table.score(arm) for arm in nested),
            random_sets=tuple(table.score(arm) for arm in random_sets),
            found=found_set,
            head_scores=tuple(table.score(arm) for arm in details if arm.heads is not None),
            step_scores=tuple(table.score(arm) for arm in details if arm.heads is None),
            cost={**self.store.cost(self.run), "forecast": self.run.forecast},
        )


def stop_check(should_stop: Callable[[], bool] | None) -> Callable[[StepClock], None]:
    """Return what to call at each denoiser call; it ends the run like Ctrl-C when it should stop."""

    def check(_: StepClock) -> None:
        if should_stop is not None and should_stop():
            raise KeyboardInterrupt

    return check


def image_name(prefix: str, arm: str) -> str:
    """Return the file name of an arm's image; long keys of many sites are shortened by their hash."""
    short = arm if len(arm) <= 40 else f"set-{sha256(arm.encode()).hexdigest()[:16]}"
    return f"{prefix.replace('/', '-')}-{short}.png"
