"""The view of edits and guards: change the text at found sites, keep toxic words out there, see what either did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from workbench.runs.store import Run
from workbench.ui.edit_code import DEFAULTS, edit_code
from workbench.ui.edits import VERB, edit_forecast, edit_images, edit_result, pairs_of, stored_edit
from workbench.ui.guard_code import guard_code
from workbench.ui.guards import guards_of, switch_off, switch_on, unguarded_model, unguarded_model_of
from workbench.ui.handlers import Reply, View, add_view, handles
from workbench.ui.jobs import Job
from workbench.ui.session import Session

if TYPE_CHECKING:
    from workbench.edit.result import EditResult
    from workbench.localize.job import Progress

VIEW: Final = "edit"
# Guards are turned and tried by jobs of their own beside edits, with results of another shape.
GUARD_VIEW: Final = "edit.guard"


@handles("edit.forecast", slow=True)
def forecast(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Say what an edit would cost, without running anything."""
    return edit_forecast(session.workspace, payload)


@handles("edit.start", slow=True)
def start(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Start an edit."""
    workspace, pairs = session.workspace, pairs_of(payload)
    guards_of(workspace).refuse_guarded(payload["model"])

    def work(job: Job) -> None:
        from workbench.edit.edit import edit_text

        job.progress("opening the model", 0, None)
        model, found = unguarded_model(workspace, payload["model"]), workspace.found(payload["found"])
        job.check_stop()
        job.progress("editing", 0, None)
        result = edit_text(
            model,
            found,
            payload["source"],
            [pair.target for pair in pairs],
            out=workspace.folder,
            on_progress=lambda at: _show(job, at),
            should_stop=job.should_stop,
            **{name: payload[name] for name in DEFAULTS if name in payload},
        )
        _finish(job, result)

    return {"job": workspace.jobs.start(VIEW, work)}


def resume(session: Session, run: Run) -> str:
    """Go on with an edit; return the job's id."""
    workspace = session.workspace

    def work(job: Job) -> None:
        from workbench.edit.edit import resume as go_on

        job.progress("opening the model", run.cells, run.forecast.get("images"))
        model = unguarded_model_of(workspace, run)
        job.check_stop()
        _finish(
            job,
            go_on(
                workspace.store(),
                run,
                model=model,
                on_progress=lambda at: _show(job, at),
                should_stop=job.should_stop,
            ),
        )

    return workspace.jobs.start(VIEW, work, run=run.id)


def _show(job: Job, at: Progress) -> None:
    job.progress(at.stage, at.done, at.total)


def _finish(job: Job, result: EditResult) -> None:
    job.belongs_to(result.run)
    job.partial(lambda: edit_result(result), last=True)


@handles("edit.result", slow=True)
def result(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the result of any finished edit."""
    return edit_result(stored_edit(session.workspace, payload["run"]))


@handles("edit.images", slow=True)
def images(session: Session, payload: dict[str, Any]) -> Reply:
    """Return images of an edit."""
    return edit_images(session.workspace, payload["run"], payload["items"], payload.get("width"))


@handles("guard.list")
def list_guards(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """List the guards that are on."""
    return {"guards": guards_of(session.workspace).states()}


@handles("guard.switch")
def switch(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Turn the guard of a model on or off, after the jobs that use the model now; every panel is told."""
    workspace = session.workspace

    def work(job: Job) -> None:
        job.progress("turning the guard on" if payload["on"] else "turning the guard off", 0, None)
        if payload["on"]:
            switch_on(workspace, payload["model"], payload["found"])
        else:
            switch_off(workspace, payload["model"])
        workspace.tell("guard", {"guards": guards_of(workspace).states()})

    return {"job": workspace.jobs.start(GUARD_VIEW, work)}


@handles("guard.try")
def try_guard(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Generate a prompt on a guarded model, with the guard and without it."""
    workspace = session.workspace

    def work(job: Job) -> None:
        from workbench.errors import InputError
        from workbench.ui.trials import try_prompt

        guards = guards_of(workspace)
        on = guards.find(payload["model"])
        if on is None:
            raise InputError("a guarded model", f"{payload['model']['name']!r} without a guard", "turn the guard on")
        if workspace.model(payload["model"]).denoiser is not on.model.denoiser:
            name = repr(payload["model"]["name"])
            raise InputError(f"the pipeline that is guarded as {name}", "another one", "turn the guard off, then on")
        job.progress("generating", 0, 2)
        trial = try_prompt(job, on, payload["prompt"], payload.get("seed", 0))
        guards.keep(job.id, trial)
        job.partial(lambda: trial.data, last=True)
        workspace.tell("guard", {"guards": guards.states()})

    return {"job": workspace.jobs.start(GUARD_VIEW, work)}


@handles("guard.image", slow=True)
def image(session: Session, payload: dict[str, Any]) -> Reply:
    """Return an image of a trial; the unguarded one only for who asks."""
    trial = guards_of(session.workspace).trial(payload["job"])
    unguarded = payload.get("unguarded", False)
    return Reply({"job": payload["job"], "unguarded": unguarded}, [trial.png(unguarded=unguarded)])


def answer(result: Mapping[str, Any]) -> str:
    """Return one line about a finished edit."""
    return f"edited at {', '.join(map(str, result['found']))}"


def code(settings: dict[str, Any]) -> str:
    """Return an edit as a script, or, where the settings hold a `guard`, that guard."""
    return guard_code(settings["guard"]) if "guard" in settings else edit_code(settings)


add_view(View(VIEW, verb=VERB, answer=answer, resume=resume, code=code))
