"""The patching view: forecast, run, replay, results so far, the rule applied again, combined sets, sets to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.files import whole
from workbench.runs.store import Run
from workbench.ui.guards import guards_of, unguarded_model, unguarded_model_of
from workbench.ui.handlers import View, add_view, handles
from workbench.ui.jobs import Job
from workbench.ui.patching_code import patching_code
from workbench.ui.session import Session
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.localize.job import Progress
    from workbench.localize.pairs import Pair

VIEW: Final = "patching"
# The jobs that the panel of runs follows.
REPLAY_VIEW: Final = "runs.replay"
OPTIONS: Final = ("seeds", "steps", "screen", "heads", "step_windows", "share", "drift_margin")


def read_setup(setup: Mapping[str, Any]) -> tuple[int | list[Pair], dict[str, Any]]:
    """Return the pairs and the options of `localize` that a `patching_setup` asks for.

    Raises:
        InputError: prompts without quoted text, or an unreadable file.
    """
    from workbench.localize.pairs import Pair, read_pairs

    pairs = setup["pairs"]
    if isinstance(pairs, str):
        pairs = read_pairs(pairs)
    elif isinstance(pairs, list):
        pairs = [Pair.of_prompts(pair["source"], pair["target"]) for pair in pairs]
    return pairs, {name: setup[name] for name in OPTIONS if name in setup}


@handles("patching.forecast", slow=True)
def forecast(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Say what a run would cost, without running anything."""
    from workbench.localize.localize import plan
    from workbench.ui.localization import forecast_of, seconds_from_history

    pairs, options = read_setup(payload)
    model, _, settings, expected = plan(session.workspace.model(payload["model"]), pairs, **options)
    seconds = seconds_from_history(session.workspace, model.name, expected.denoiser_rows)
    return {**forecast_of(expected, settings), "seconds": seconds}


@handles("patching.start", slow=True)
def start(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Start a localisation."""
    workspace = session.workspace
    guards_of(workspace).refuse_guarded(payload["model"])
    pairs, options = read_setup(payload)

    def work(job: Job) -> None:
        from workbench.localize.localize import localize

        job.progress("opening the model", 0, None)
        model = unguarded_model(workspace, payload["model"])
        job.check_stop()
        localize(
            model,
            pairs,
            out=workspace.folder,
            on_forecast=lambda expected: job.progress("forecast", 0, expected.images),
            on_run=lambda run: job.belongs_to(run.id),
            on_progress=lambda at: _show(workspace, job, at),
            should_stop=job.should_stop,
            **options,
        )
        _send_result(workspace, job, last=True)

    return {"job": workspace.jobs.start(VIEW, work)}


def resume(session: Session, run: Run) -> str:
    """Go on with a localisation; return the job's id."""
    workspace = session.workspace

    def work(job: Job) -> None:
        from workbench.localize.localize import resume as go_on

        job.progress("opening the model", run.cells, run.forecast.get("images"))
        model = unguarded_model_of(workspace, run)
        job.check_stop()
        go_on(
            workspace.store(),
            run,
            model=model,
            on_progress=lambda at: _show(workspace, job, at),
            should_stop=job.should_stop,
        )
        _send_result(workspace, job, last=True)

    return workspace.jobs.start(VIEW, work, run=run.id)


def replay(session: Session, runs: Sequence[Run]) -> str:
    """Run finished localisations again, as new runs, and compare the images; return the job's id."""
    workspace, total = session.workspace, sum(run.cells for run in runs)

    def work(job: Job) -> None:
        before = 0
        for run in runs:
            _replay_one(workspace, job, run, before, total)
            before += run.cells

    return workspace.jobs.start(REPLAY_VIEW, work)


def _replay_one(workspace: Workspace, job: Job, run: Run, before: int, total: int) -> None:
    from workbench.localize.replay import replay as run_again

    job.progress("opening the model", before, total)
    model = unguarded_model_of(workspace, run)
    job.check_stop()
    run_again(
        workspace.store(),
        run,
        model=model,
        on_run=lambda made: job.belongs_to(made.id),
        on_progress=lambda at: job.progress(
            at.stage, before + (min(at.done, run.cells) if at.stage != "screening" else 0), total
        ),
        should_stop=job.should_stop,
    )


def _show(workspace: Workspace, job: Job, at: Progress) -> None:
    job.progress(at.stage, at.done, at.total)
    _send_result(workspace, job)


def _send_result(workspace: Workspace, job: Job, *, last: bool = False) -> None:
    job.partial(lambda: _result(workspace, str(job.run)), last=last)


def _result(workspace: Workspace, run_id: str) -> dict[str, Any]:
    from workbench.ui.localization import patching_result, stored_localization

    return patching_result(workspace.store(), stored_localization(workspace, run_id))


@handles("patching.result", slow=True)
def result(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the result of any stored localisation, as far as it has come."""
    return _result(session.workspace, payload["run"])


@handles("patching.found", slow=True)
def found(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Apply another rule to the images that are there."""
    from workbench.ui.localization import arm_score, stored_localization

    stored = stored_localization(session.workspace, payload["run"])
    chosen = stored.found(share=payload["share"], drift_margin=payload["drift_margin"])
    return {"found": arm_score(stored, chosen)}


@handles("patching.combine", slow=True)
def combine(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Patch any sites together on the pairs and seeds of a run."""
    workspace = session.workspace
    store, run = workspace.run(payload["run"], verb="localize")
    settings = run.config["settings"]
    images = len(settings["pairs"]) * len(settings["seeds"])

    def work(job: Job) -> None:
        from workbench.localize.localize import score_set

        job.progress("opening the model", 0, images)
        model = unguarded_model_of(workspace, run)
        job.check_stop()
        before = store.get(run.id).cells

        def show(at: Progress) -> None:
            job.progress(at.stage, at.done - before, images)
            _send_result(workspace, job)

        score_set(store, run, payload["sites"], model=model, on_progress=show, should_stop=job.should_stop)
        _send_result(workspace, job, last=True)

    return {"job": workspace.jobs.start(VIEW, work, run=run.id)}


@handles("patching.keep", slow=True)
def keep(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Write sites that were patched together as a found set of that name."""
    from workbench.ui.localization import stored_localization

    path = session.workspace.found_file(payload["name"])
    if path.exists() and not payload.get("replace", False):
        raise InputError("a name that is free", f"{payload['name']!r}", "choose another name, or replace the kept set")
    kept = stored_localization(session.workspace, payload["run"]).found_set(payload["sites"])
    path.parent.mkdir(exist_ok=True)
    with whole(path) as part:
        kept.save(part)
    return {"path": str(path)}


def answer(result: Mapping[str, Any]) -> str:
    """Return one line about a finished localisation."""
    return f"found set {', '.join(map(str, result['found']))}"


add_view(View(VIEW, verb="localize", answer=answer, resume=resume, replay=replay, code=patching_code))
