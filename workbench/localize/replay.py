"""Replay a finished run and compare every image with the stored one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import InputError
from workbench.localize.job import Job, Listener
from workbench.localize.settings import Settings
from workbench.localize.stages import SET_STAGE
from workbench.metrics.reader import open_reader
from workbench.models.model import Model
from workbench.runs.images import inside, read_image
from workbench.runs.reopen import reopen_model
from workbench.runs.store import Run, RunStore
from workbench.sites.find import find_sites


@dataclass(frozen=True)
class Replay:
    """How a replay compares: images replayed, those bit-identical, and the largest difference in grey levels."""

    run: str
    replayed_as: str
    images: int
    identical: int
    max_difference: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def replay(
    store: RunStore,
    run: Run,
    *,
    model: Model | None = None,
    on_run: Callable[[Run], None] | None = None,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Replay:
    """Run a finished run's configuration again as a new run, and compare the images.

    Sets that were asked for by hand after the run are no part of its configuration and are not made again. The outcome
    is kept with the new run, as `replay` of its result.

    Args:
        store: the store that holds it.
        run: the run.
        model: the model, needed only if it was a live pipeline.
        on_run, on_progress, should_stop: see `localize`; the run is the new one.

    Raises:
        InputError: the run is not finished, or the model's weights are not those it was made with.
    """
    if run.status != "done":
        raise InputError("a finished run", f"{run.id} ({run.status})", "resume it or give another")
    opened = reopen_model(run, "localize", model)
    settings = Settings.from_dict(run.config["settings"])
    reader = open_reader(settings.reader)
    again = store.create(run.verb, run.model, run.config, run.forecast)
    if on_run is not None:
        on_run(again)
    result = Job(store, again, opened, find_sites(opened), settings, reader, on_progress, should_stop).execute()
    outcome = _compare(store, run, again)
    store.set_status(again, "done", {"found": list(result.found.indices), "replay": outcome.to_dict()})
    return outcome


def _compare(store: RunStore, run: Run, again: Run) -> Replay:
    before, after = store.cells(run), store.cells(again)
    by_hand = {key for key in before.keys() - after.keys() if before[key]["stage"].startswith(SET_STAGE)}
    if missing := (before.keys() ^ after.keys()) - by_hand:
        got = f"{len(missing)} images in one run alone"
        raise InputError("a replay with the same images", got, "compare the versions of both runs")
    changed = [key for key in after if before[key]["pixels"] != after[key]["pixels"]]
    largest = max((_difference(run, again, before[key]["image"], after[key]["image"]) for key in changed), default=0)
    return Replay(run.id, again.id, len(after), len(after) - len(changed), largest)


def _difference(run: Run, again: Run, old: str, new: str) -> int:
    first = read_image(inside(run.folder / "images", old)).astype(np.int16)
    second = read_image(inside(again.folder / "images", new)).astype(np.int16)
    return int(np.abs(first - second).max())
