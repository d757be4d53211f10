"""`workbench runs`: list, show, resume and replay."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.edit import show as show_edit
from workbench.cli.localize import DEFAULT_OUT, OutOption, show
from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.localize.job import Progress

app = typer.Typer(help="Runs in an output folder: list, show, resume, replay.", no_args_is_help=True)
RunArgument = Annotated[str, typer.Argument(help="Run id, the beginning of one, or `last`.")]


def _open(out: Path) -> Any:
    from workbench.runs.store import RunStore

    if not (out / "runs.sqlite").is_file():
        raise InputError("a folder with a run store", f"{str(out)!r} without runs.sqlite", "give --out DIR")
    return RunStore(out)


@app.command("list")
def list_runs(out: OutOption = DEFAULT_OUT, as_json: JsonFlag = False) -> None:
    """List the runs of a folder, oldest first.

    Example: workbench runs list --out workbench-runs
    """
    runs = _open(out).list()
    if as_json:
        fields = ("id", "verb", "model", "created", "status", "cells")
        print_json([{field: getattr(run, field) for field in fields} for run in runs])
        return
    rows = [[run.id, run.verb, run.model, run.created, run.status, str(run.cells)] for run in runs]
    print_table(f"Runs in {out}", ["run", "verb", "model", "created", "status", "cells"], rows)


@app.command("show")
def show_run(run: RunArgument, out: OutOption = DEFAULT_OUT, as_json: JsonFlag = False) -> None:
    """Show one run: configuration, cost, result.

    Example: workbench runs show last
    """
    store = _open(out)
    found = store.get(run)
    data = {
        "run": found.id,
        "verb": found.verb,
        "model": found.model,
        "created": found.created,
        "status": found.status,
        "cells": found.cells,
        "forecast": found.forecast,
        "cost": store.cost(found),
        "result": store.result(found),
        "failure": store.failure(found),
        "versions": found.versions,
        "folder": str(found.folder),
        "config": found.config,
    }
    if as_json:
        print_json(data)
        return
    if (failure := data.pop("failure")) is not None:
        data["failure"] = f"after {failure['cells']} cells: {failure['message']}"
        data["hint"] = f"{failure['hint']} The traceback is in the details of --json."
    for name, value in data.items():
        if name != "config":
            print(f"{name:9} {value}")


@app.command("resume")
def resume_run(run: RunArgument, out: OutOption = DEFAULT_OUT, as_json: JsonFlag = False) -> None:
    """Go on with a run where it stopped.

    Example: workbench runs resume last
    """
    store = _open(out)
    found = store.get(run)
    if found.verb not in ("localize", "edit"):
        raise InputError("a run of localize or edit", f"{found.id} of {found.verb}", "give its own command once more")
    with progress_bar() as bar:
        task = bar.add_task("opening the model", total=None)

        def show_progress(at: Progress) -> None:
            bar.update(task, description=at.stage, completed=at.done, total=at.total)

        if found.verb == "edit":
            from workbench.edit.edit import resume as resume_edit

            show_result = partial(show_edit, resume_edit(store, found, on_progress=show_progress))
        else:
            from workbench.localize.localize import resume

            show_result = partial(show, resume(store, found, on_progress=show_progress), store)
    show_result(as_json)


@app.command("replay")
def replay_run(run: RunArgument, out: OutOption = DEFAULT_OUT, as_json: JsonFlag = False) -> None:
    """Run a finished run again and compare every image with the stored one.

    Example: workbench runs replay last
    """
    from workbench.localize.replay import replay

    store = _open(out)
    with progress_bar() as bar:
        task = bar.add_task("opening the model", total=None)
        outcome = replay(
            store,
            store.get(run),
            on_progress=lambda at: bar.update(task, description=at.stage, completed=at.done, total=at.total),
        )
    if as_json:
        print_json(outcome.to_dict())
        return
    print(f"replayed as {outcome.replayed_as}: {outcome.identical} of {outcome.images} images are identical")
    if outcome.max_difference:
        print(f"largest difference of a pixel: {outcome.max_difference} of 255 grey levels")
