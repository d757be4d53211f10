"""The ablate view: systems by variants of attention, as a run whose matrix fills cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.runs.store import Run
from workbench.ui.ablate_code import DEFAULTS, ablate_code
from workbench.ui.handlers import View, add_view, handles
from workbench.ui.jobs import Job
from workbench.ui.session import Session
from workbench.ui.workspace import Workspace

VIEW: Final = "ablate"


@handles("ablate.options", slow=True)
def options(_: Session, __: dict[str, Any]) -> dict[str, Any]:
    """List systems and variants."""
    from workbench.ui.ablation import ablation_options

    return ablation_options()


@handles("ablate.plan", slow=True)
def plan(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Count cells and refusals before anything runs."""
    from workbench.ui.ablation import ablation_plan, read_setup

    return ablation_plan(session.workspace, read_setup(payload))


@handles("ablate.start", slow=True)
def start(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Start a matrix; the same matrix goes on where it stopped."""
    from workbench.ui.ablation import read_setup

    settings = read_setup(payload)
    numbers = {name: getattr(settings, name) for name in DEFAULTS}
    return {"job": _queue(session.workspace, settings.systems, settings.variants, numbers)}


def resume(session: Session, run: Run) -> str:
    """Go on with a matrix; return the job's id."""
    config = run.config
    numbers = {name: config[name] for name in ("task", *DEFAULTS)}
    return _queue(session.workspace, tuple(config["systems"]), tuple(config["variants"]), numbers, run.id)


def _queue(
    workspace: Workspace,
    systems: tuple[str, ...],
    variants: tuple[str, ...],
    numbers: Mapping[str, Any],
    run: str | None = None,
) -> str:
    def work(job: Job) -> None:
        from workbench.ablate.ablate import ablate

        def begun(of: Run) -> None:
            job.belongs_to(of.id)
            job.progress("", of.cells, of.forecast["cells"])
            _send_result(workspace, job)

        def show(cell: str, done: int, total: int) -> None:
            job.progress(cell, done, total)
            _send_result(workspace, job)

        ablate(
            systems,
            variants,
            **numbers,
            out=workspace.folder,
            on_cell=show,
            on_run=begun,
            should_stop=job.should_stop,
        )
        _send_result(workspace, job, last=True)

    return workspace.jobs.start(VIEW, work, run=run)


def _send_result(workspace: Workspace, job: Job, *, last: bool = False) -> None:
    job.partial(lambda: _result(workspace, str(job.run)), last=last)


def _result(workspace: Workspace, run_id: str) -> dict[str, Any]:
    from workbench.ui.ablation import ablation_result

    return ablation_result(*workspace.run(run_id, verb="ablate"))


@handles("ablate.result", slow=True)
def result(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the result of any stored matrix, as far as it has come."""
    return _result(session.workspace, payload["run"])


def answer(result: Mapping[str, Any]) -> str:
    """Return one line about a finished matrix."""
    return f"{result['rows']} pairs of system and variant"


add_view(View(VIEW, verb="ablate", answer=answer, resume=resume, code=ablate_code))
