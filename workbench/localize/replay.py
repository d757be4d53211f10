"""Replay a finished run and compare every image with the stored one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import InputError
from workbench.localize.job import Job, Listener
from workbench.localize.settings import Settings
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


def replay(store: RunStore, run: Run, *, model: Model | None = None, on_progress: Listener | None = None) -> Replay:
    """Run a finished run's configuration again as a new run, and compare the images.

    Raises:
        InputError: the run is not finished, or the model's weights are not those it was made with.
    """
    if run.status != "done":
        raise InputError("a finished run", f"{run.id} ({run.status})", "resume it or give another")
    opened = reopen_model(run, "localize", model)
    again = store.create(run.verb, run.model, run.config, run.forecast)
    settings = Settings.from_dict(run.config["settings"])
    reader = open_reader(settings.reader)
    Job(store, again, opened, find_sites(opened), settings, reader, on_progress).execute()
    before, after = store.cells(run), store.cells(again)
    if before.keys() != after.keys():
        missing = len(before.keys() ^ after.keys())
        raise InputError("a replay with the same images", f"{missing} images in one run alone", "compare the versions")
    changed = [key for key in before if before[key]["pixels"] != after[key]["pixels"]]
    largest = max((_difference(run, again, before[key]["image"], after[key]["image"]) for key in changed), default=0)
    return Replay(run.id, again.id, len(before), len(before) - len(changed), largest)


def _difference(run: Run, again: Run, old: str, new: str) -> int:
    first = read_image(inside(run.folder / "images", old)).astype(np.int16)
    second = read_image(inside(again.folder / "images", new)).astype(np.int16)
    return int(np.abs(first - second).max())
