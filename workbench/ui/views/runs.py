"""The view of all runs in the store: list, resume, replay, delete, compare, and why one failed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

from workbench.errors import InputError
from workbench.runs.store import Run, RunStore
from workbench.ui.handlers import View, add_view, handles, view_of_verb
from workbench.ui.session import Session

VIEW: Final = "runs"
MISSING: Final = "–"


@handles("runs.list")
def list_runs(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """List every run of the store, newest first."""
    if not session.workspace.has_store:
        return {"runs": []}
    store = session.workspace.store()
    at_work = {state["run"] for state in session.workspace.jobs.states() if state["status"] == "running"}
    return {"runs": [_entry(store, run, at_work) for run in reversed(store.list())]}


def _entry(store: RunStore, run: Run, at_work: Collection[str]) -> dict[str, Any]:
    view, result = view_of_verb(run.verb), store.result(run)
    failure = store.failure(run) if run.status == "failed" else None
    answer = view.answer(result) if view is not None and view.answer is not None and result is not None else ""
    status = store.status_now(run)
    if status == "interrupted" and run.id in at_work:
        # A run is in the store a moment before its job holds it.
        status = "running"
    return {
        "run": run.id,
        "verb": run.verb,
        "model": run.model,
        "created": run.created,
        "status": status,
        "cells": run.cells,
        "seconds": store.cost(run)["seconds"],
        "answer": answer if failure is None else failure["message"],
        "view": None if view is None else view.name,
        "resumable": view is not None and view.resume is not None,
        "replayable": view is not None and view.replay is not None and run.status == "done",
        "replay": None if result is None else result.get("replay"),
    }


@handles("runs.why")
def explain_failure(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Say why a run failed, and how far it had come."""
    store, run = session.workspace.run(payload["run"])
    failure = store.failure(run)
    cells = run.cells if failure is None else failure.pop("cells")
    expected = run.forecast.get("images", run.forecast.get("cells"))
    return {"failure": failure, "cells": cells, "expected": expected}


@handles("runs.size")
def measure(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Say what deleting a run would remove."""
    _, run = session.workspace.run(payload["run"])
    files = [file for file in run.folder.rglob("*") if file.is_file()]
    images = sum(file.suffix == ".png" for file in files)
    return {"images": images, "bytes": sum(file.stat().st_size for file in files)}


@handles("runs.resume")
def resume(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Go on with a run where it stopped."""
    store, run = session.workspace.run(payload["run"])
    view = view_of_verb(run.verb)
    if view is None or view.resume is None:
        raise InputError(
            "a run that can be resumed from here", f"{run.id} of `{run.verb}`", "start it again with the same settings"
        )
    if store.status_now(run) == "running":
        raise InputError("a run that nobody works on", f"{run.id}, which is running", "wait for it or cancel it first")
    return {"job": view.resume(session, run)}


@handles("runs.replay")
def replay(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Run finished runs of one kind again, one after the other, and compare what they make."""
    chosen = [session.workspace.run(name)[1] for name in payload["runs"]]
    for run in chosen:
        if run.verb != chosen[0].verb or run.status != "done":
            raise InputError("finished runs of one kind", f"{run.id} of `{run.verb}`, {run.status}", "choose others")
    view = view_of_verb(chosen[0].verb)
    if view is None or view.replay is None:
        raise InputError("runs that can be replayed", f"runs of `{chosen[0].verb}`", "start them again instead")
    return {"job": view.replay(session, chosen)}


@handles("runs.delete")
def delete(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Delete a run with its images; the payload holds the user's confirmation."""
    store, run = session.workspace.run(payload["run"])
    store.delete(run)
    return {"deleted": run.id}


@handles("runs.compare")
def compare(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Compare the configurations, versions and results of two runs key by key."""
    left, right = (_flattened(*session.workspace.run(name)) for name in payload["runs"])
    keys = [
        {"key": key, "left": left.get(key, MISSING), "right": right.get(key, MISSING)}
        for key in dict.fromkeys([*left, *right])
    ]
    return {"keys": [{**line, "equal": line["left"] == line["right"]} for line in keys]}


def _flattened(store: RunStore, run: Run) -> dict[str, str]:
    result = store.result(run)
    if result is not None:
        # How a replay came out is about two runs, not something in which they differ.
        result.pop("replay", None)
    values = {"verb": run.verb, "config": run.config, "versions": run.versions, "result": result}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in _leaves("", values)}


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested data with their dotted keys; a list without further nesting is one leaf."""
    parts = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    if not parts or (isinstance(value, list) and not any(isinstance(part, (dict, list)) for part in value)):
        yield prefix, value
        return
    for key, each in parts.items():
        yield from _leaves(f"{prefix}.{key}" if prefix else str(key), each)


add_view(View(VIEW))
