"""Carry out an edit: generate, measure and store batch after batch, then put the result together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from workbench.edit.inversion import invert, with_invertible_sampler
from workbench.edit.result import EditResult
from workbench.edit.rows import EditBatch, EditedRows, plan_edits, run_edits
from workbench.edit.scores import EditedImage, score_methods
from workbench.edit.settings import EditSettings
from workbench.hooks.clock import StepClock
from workbench.localize.job import Listener, Progress, image_name
from workbench.localize.measure import measure, rest_of_image
from workbench.metrics import psnr
from workbench.metrics.reader import TextReader
from workbench.models.model import Model
from workbench.runs.images import inside, pixel_hash, read_image, write_image
from workbench.runs.store import Run, RunStore
from workbench.sites.site import SiteMap

GIVEN: Final = "given.png"


@dataclass(frozen=True)
class _Start:
    """What the images of a run start from: the model's own noise, or that of a given image, and what it cost."""

    model: Model
    given: np.ndarray | None = None
    latents: torch.Tensor | None = None
    denoiser_rows: int = 0
    seconds: float = 0.0


@dataclass
class EditJob:
    """One run being worked on; what is in the store already is not done again."""

    store: RunStore
    run: Run
    model: Model
    sites: SiteMap
    settings: EditSettings
    reader: TextReader
    on_progress: Listener | None = None
    should_stop: Callable[[], bool] | None = None

    def execute(self) -> EditResult:
        """Do the batches that are not done, and write `result.json` and `methods.csv` into the run's folder."""
        with self.store.working_on(self.run):
            done = self.store.batches(self.run)
            due = [batch for batch in plan_edits(self.settings) if batch.key not in done]
            if due:
                start = self._start()
                for batch in due:
                    self._run_batch(batch, start)
            result = self._result()
            result.save(self.run.folder / "result.json")
            result.to_dataframe().to_csv(self.run.folder / "methods.csv", index=False)
            self.store.set_status(self.run, "done", {"found": list(result.found)})
        return result

    def _start(self) -> _Start:
        if not self.settings.image:
            return _Start(self.model)
        given = read_image(self.run.folder / GIVEN)
        began = time.perf_counter()
        model = with_invertible_sampler(self.model)
        inversion = invert(model, given, self.settings.pairs[0].source, self.settings.sampling)
        return _Start(model, given, inversion.latents, inversion.denoiser_rows, time.perf_counter() - began)

    def _run_batch(self, batch: EditBatch, start: _Start) -> None:
        began = time.perf_counter()
        made = run_edits(start.model, self.sites, self.settings, batch, latents=start.latents, on_call=self._check_stop)
        cells = [cell for pair in batch.pairs for cell in self._cells(pair, batch, made, start)]
        seconds = time.perf_counter() - began
        self.store.write_batch(self.run, batch.key, cells, denoiser_rows=made.denoiser_rows, seconds=seconds)
        if self.on_progress is not None:
            rows = int(self.store.cost(self.run)["denoiser_rows"])
            self.on_progress(Progress("editing", self.store.get(self.run.id).cells, self.run.forecast["images"], rows))

    def _check_stop(self, _: StepClock) -> None:
        if self.should_stop is not None and self.should_stop():
            raise KeyboardInterrupt

    def _cells(
        self, pair: int, batch: EditBatch, made: EditedRows, start: _Start
    ) -> list[tuple[str, dict[str, object]]]:
        """Write and measure the images of one pair, against the given image or else against its source."""
        images = {method: image for (index, method), image in made.images.items() if index == pair}
        reference = images["source"] if start.given is None else start.given
        rest = rest_of_image(images["source"], images["regenerate"], self.reader)
        measured = measure(images, reference, rest, self.settings.pairs[pair], self.reader)
        cells: list[tuple[str, dict[str, object]]] = []
        for method, values in measured.items():
            # The pairs of a batch share the image of their source.
            place = batch.pairs[0] if method == "source" else pair
            name = image_name(f"{place}/{batch.seed}", method)
            write_image(inside(self.run.folder / "images", name), images[method])
            share = made.alone[method]
            cell = {
                "file": name,
                "pixels": pixel_hash(images[method]),
                "psnr": psnr(images[method], reference),
                "outside_text": values.pop("drift"),
                "seconds": made.seconds * share + start.seconds,
                "denoiser_rows": made.denoiser_rows * share + start.denoiser_rows,
            }
            cells.append((f"{pair}/{batch.seed}/{method}", {**values, **cell}))
        return cells

    def _result(self) -> EditResult:
        images = []
        for key, cell in self.store.cells(self.run).items():
            pair, seed, method = key.split("/")
            images.append(EditedImage(pair=int(pair), seed=int(seed), method=method, **cell))
        return EditResult(
            run=self.run.id,
            folder=str(self.run.folder),
            model=self.model.name,
            found=tuple(self.sites[index].name for index in self.settings.found),
            config=self.run.config,
            versions=self.run.versions,
            scores=score_methods(images),
            images=tuple(images),
            notes=tuple(note for note in (self.model.note, *self.run.config["notes"]) if note),
            cost=self.store.cost(self.run),
        )
