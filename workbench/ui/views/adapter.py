"""The view of adapters: trained on found sites, compared with the base, exported with a proof, looked into by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench.errors import InputError
from workbench.runs.store import Run
from workbench.ui.adapter_code import adapter_code
from workbench.ui.adapter_files import FOLDER, adapter_file, export_target, exported_files, refuse_taken
from workbench.ui.guards import guards_of
from workbench.ui.handlers import Reply, View, add_view, handles
from workbench.ui.jobs import Job
from workbench.ui.session import Session
from workbench.ui.training_plan import VERB, training_plan
from workbench.ui.trainings import (
    begin_training,
    carry_out,
    finished_training,
    refuse_guarded,
    stored_training,
    trained_file,
    training_images,
)

VIEW: Final = "adapter"
# Proofs are jobs of their own beside trainings, with results of another shape.
EXPORT_VIEW: Final = "adapter.export"


@handles("adapter.plan", slow=True)
def plan(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Say what a training would change and cost, and what stands in its way."""
    return training_plan(session.workspace, payload)


@handles("adapter.start")
def start(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Start a training as a new run of the store."""
    workspace = session.workspace
    guards_of(workspace).refuse_guarded(payload["model"])

    def work(job: Job) -> None:
        job.progress("opening the model", 0, None)
        guards_of(workspace).refuse_guarded(payload["model"])
        model = workspace.model(payload["model"])
        job.check_stop()
        carry_out(workspace, job, begin_training(workspace, payload), model)

    return {"job": workspace.jobs.start(VIEW, work)}


def resume(session: Session, run: Run) -> str:
    """Go on with a training; return the job's id."""
    workspace = session.workspace

    def work(job: Job) -> None:
        job.progress("opening the model", 0, None)
        refuse_guarded(workspace, run)
        model = workspace.model_of(run)
        job.check_stop()
        carry_out(workspace, job, run, model)

    return workspace.jobs.start(VIEW, work, run=run.id)


@handles("adapter.result", slow=True)
def result(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a training as far as it has come."""
    return stored_training(session.workspace, payload["run"])


@handles("adapter.images", slow=True)
def images(session: Session, payload: dict[str, Any]) -> Reply:
    """Return images of a training."""
    return training_images(session.workspace, payload["run"], payload["files"], payload.get("width"))


@handles("adapter.export", slow=True)
def export(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Export the adapter of a training into the store's folder of adapters; it is proven before it gets its name."""
    workspace, kind, name = session.workspace, payload["format"], payload["name"]
    _, run = workspace.run(payload["run"], verb=VERB)
    training = finished_training(run)
    if training is None:
        raise InputError("a finished training", f"{run.id}, which is not", "go on with it first")
    target = export_target(workspace, name, kind)
    if not payload.get("replace", False):
        refuse_taken(target)

    def work(job: Job) -> None:
        from workbench.adapt.export import export_adapter
        from workbench.adapt.load import load_adapter
        from workbench.adapt.proof import STEPS

        steps: list[str] = []
        told = {"run": run.id, "name": target.name, "format": kind}

        def show(step: str) -> None:
            job.check_stop()
            steps.append(step)
            job.progress(step, len(steps), len(STEPS))
            job.partial(lambda: {**told, "steps": list(steps), "file": None}, last=True)

        job.progress("opening the model", 0, len(STEPS))
        refuse_guarded(workspace, run)
        model = workspace.model_of(run)
        adapter = load_adapter(trained_file(run, training), model)
        replace = payload.get("replace", False)
        export_adapter(model, adapter, target, format=kind, overwrite=replace, on_step=show)
        job.partial(lambda: {**told, "steps": steps, "file": adapter_file(target)}, last=True)

    return {"job": workspace.jobs.start(EXPORT_VIEW, work)}


@handles("adapter.files", slow=True)
def files(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """List the exports of the store."""
    return {"folder": str(session.workspace.folder / FOLDER), "files": exported_files(session.workspace)}


@handles("adapter.show", slow=True)
def show_file(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what any adapter file says of itself; its weights are not loaded."""
    reference = payload.get("model")
    model = None if reference is None else session.workspace.model(reference)
    return adapter_file(Path(payload["path"]).expanduser(), model)


def answer(result: Mapping[str, Any]) -> str:
    """Return one line about a finished training."""
    return f"adapter on {', '.join(map(str, result['sites']))}, {result['steps']} steps"


add_view(View(VIEW, verb=VERB, answer=answer, resume=resume, code=adapter_code))
