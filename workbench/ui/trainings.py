"""Trainings of adapters as runs of the store: carried out, gone on with, and shown as far as they have come."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.runs.images import inside
from workbench.runs.store import Run, RunStore
from workbench.ui.adapter_code import DEFAULTS
from workbench.ui.guards import guards_of
from workbench.ui.handlers import Reply
from workbench.ui.jobs import Job
from workbench.ui.thumbnails import read_png
from workbench.ui.training_plan import SIGNS_COUNT, VERB, data_folder, settings_of, training_plan
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.adapt.loop import TrainingProgress
    from workbench.adapt.result import AdapterTraining, Validation
    from workbench.models.model import Model

RESULT: Final = "training.json"


def begin_training(workspace: Workspace, setup: Mapping[str, Any]) -> Run:
    """Add a run for an `adapter_setup` that nothing stands in the way of.

    Raises:
        InputError: something does.
    """
    plan = training_plan(workspace, setup)
    for problem in plan["problems"]:
        raise InputError("a setup that can be trained", problem["message"].rstrip("."), problem["hint"])
    name = workspace.model(setup["model"]).name
    kept = {key: plan[key] for key in ("targets", "sites", "parameters", "share", "notes")}
    forecast = {key: plan[key] for key in ("seconds", "memory_bytes")}
    return workspace.store().create(VERB, name, {"setup": {**DEFAULTS, **setup}, **kept}, forecast)


def carry_out(workspace: Workspace, job: Job, run: Run, model: Model) -> None:
    """Train as far as is left, then compare the model with and without the adapter."""
    from workbench.ui.comparison import compare_images

    store = workspace.store()
    with store.working_on(run):
        job.belongs_to(run.id)
        done = finished_training(run)
        if done is None:
            done = _train(workspace, job, run, model)
        start = time.monotonic()
        compare_images(job, run, model, trained_file(run, done))
        rows = len(done.losses) * settings_of(run.config["setup"]).batch
        seconds = done.seconds + time.monotonic() - start
        store.write_batch(run, "training", [], denoiser_rows=rows, seconds=seconds)
        store.set_status(run, "done", {"sites": run.config["sites"], "steps": len(done.losses)})
    job.partial(lambda: stored_training(workspace, run.id), last=True)


def _train(workspace: Workspace, job: Job, run: Run, model: Model) -> AdapterTraining:
    from workbench.adapt.train import train_adapter
    from workbench.glyph.samples import write_samples

    setup = run.config["setup"]
    settings, data = settings_of(setup), data_folder(workspace, setup)
    if setup["data"] is None and not data.exists():
        write_samples(data, SIGNS_COUNT)

    def show(at: TrainingProgress) -> None:
        job.progress("training", at.step, at.steps)
        job.partial(lambda: training_result(run, "running", at.losses, at.validations))

    job.progress("drawing samples", 0, settings.steps)
    return train_adapter(
        model,
        workspace.found(setup["found"]),
        data,
        out=run.folder,
        settings=settings,
        on_progress=show,
        should_stop=job.should_stop,
    )


def finished_training(run: Run) -> AdapterTraining | None:
    """Return the outcome of a run that was trained to the end."""
    from workbench.adapt.result import AdapterTraining

    file = run.folder / RESULT
    return AdapterTraining.load(file) if file.is_file() else None


def trained_file(run: Run, training: AdapterTraining) -> Path:
    """Return where the adapter of a run lies, also after the store was moved."""
    return run.folder / Path(training.export.adapter).name


def stored_training(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Return the `adapter_result` of a run, as far as its last checkpoint.

    Raises:
        InputError: no such run.
    """
    from workbench.adapt.checkpoint import read_progress
    from workbench.adapt.loop import CHECKPOINT

    store, run = workspace.run(run_id, verb=VERB)
    status, done = store.status_now(run), finished_training(run)
    if done is not None:
        return training_result(run, status, done.losses, done.validations, done, _seconds(store, run))
    progress = read_progress(run.folder / CHECKPOINT)
    return training_result(run, status, progress.losses, progress.validations, seconds=progress.seconds)


def _seconds(store: RunStore, run: Run) -> float:
    return float(store.cost(run)["seconds"])


def training_result(
    run: Run,
    status: str,
    losses: Sequence[float],
    validations: Sequence[Validation],
    done: AdapterTraining | None = None,
    seconds: float = 0.0,
) -> dict[str, Any]:
    """Return the `adapter_result` of the protocol."""
    from workbench.ui.adapter_files import adapter_file

    return {
        "run": run.id,
        "model": run.model,
        "status": status,
        **run.config,
        "steps": settings_of(run.config["setup"]).steps,
        "losses": list(losses),
        "samples": [sample for one in validations for sample in _samples(run, one)],
        "compared": _compared(run),
        "seconds": seconds,
        "file": None if done is None else adapter_file(trained_file(run, done)),
    }


def _samples(run: Run, validation: Validation) -> list[dict[str, Any]]:
    from workbench.ui.comparison import reading_of

    shown = zip(run.config["setup"]["prompts"], validation.images, validation.texts, strict=True)
    return [
        {"step": validation.step, "prompt": place, "image": reading_of(prompt, file, text)}
        for place, (prompt, file, text) in enumerate(shown)
    ]


def _compared(run: Run) -> list[dict[str, Any]]:
    from workbench.ui.comparison import FILE

    file = run.folder / FILE
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return found


def training_images(workspace: Workspace, run_id: str, files: list[str], width: int | None) -> Reply:
    """Return images of a training as PNG files, no wider than that; those that are not there are left out."""
    _, run = workspace.run(run_id, verb=VERB)
    there = [(name, path) for name in files if (path := inside(run.folder, name)).is_file()]
    return Reply({"files": [name for name, _ in there]}, [read_png(path, width) for _, path in there])


def refuse_guarded(workspace: Workspace, run: Run) -> None:
    """Raise InputError if a guard is on for the model of a run."""
    from workbench.ui.models import reference_of

    guards_of(workspace).refuse_guarded(reference_of(run, workspace.variables))
