"""Requests that all views share: greeting, models, found sets, images, code, cancellation."""

from __future__ import annotations

import json
import platform
from typing import Any

from workbench import __version__
from workbench.errors import InputError
from workbench.models.cards import list_models
from workbench.runs.images import inside
from workbench.ui.examples import recorded_example
from workbench.ui.guards import guards_of
from workbench.ui.handlers import Reply, find_view, handles, list_views
from workbench.ui.heavy import load_heavy_modules
from workbench.ui.protocol import VERSION
from workbench.ui.session import Session
from workbench.ui.site_maps import known_site_maps
from workbench.ui.thumbnails import read_png
from workbench.ui.variables import pipelines
from workbench.ui.workspace import Workspace


@handles("hello")
def hello(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """Say what this kernel can do and which jobs it has."""
    return {
        "version": VERSION,
        "package": __version__,
        "python": platform.python_version(),
        "views": [view.name for view in list_views()],
        "store": str(session.workspace.folder),
        "jobs": session.workspace.jobs.states(),
        "guards": guards_of(session.workspace).states(),
    }


@handles("jobs.cancel")
def cancel_job(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask a job to stop; what it has stored is kept."""
    return {"cancelled": session.workspace.jobs.cancel(payload["job"])}


@handles("models.list")
def list_every_model(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """List embedded models with their sites, and pipelines of the notebook."""
    known = known_site_maps()
    embedded = [
        {
            "source": "embedded",
            "name": card.name,
            "family": card.family,
            "sites": card.sites,
            "parameters": card.parameters,
            "note": card.note,
            "refused": "",
            "site_map": known[card.name],
        }
        for card in list_models()
    ]
    return {"models": [*embedded, *_pipeline_entries(session.workspace)]}


def _pipeline_entries(workspace: Workspace) -> list[dict[str, Any]]:
    alive = list(pipelines(workspace.variables))
    if not alive:
        return []
    # Where there is a pipeline, torch and diffusers are imported already.
    load_heavy_modules()
    from workbench.ui.models import variable_entry

    return [variable_entry(name, value) for name, value in alive]


@handles("models.sites", slow=True)
def list_sites(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Open a model and list its sites."""
    from workbench.ui.models import site_map_of

    return site_map_of(session.workspace.model(payload["model"]))


@handles("images.get", slow=True)
def get_images(session: Session, payload: dict[str, Any]) -> Reply:
    """Return images of a run as PNG files; those that are not there yet are left out."""
    store, run = session.workspace.run(payload["run"])
    cells, items, files = store.cells(run), [], []
    for item in payload["items"]:
        cell = cells.get(f"{item['pair']}/{item['seed']}/{item['arm']}")
        if cell is not None and "image" in cell:
            items.append({**item, "text": str(cell.get("text", ""))})
            files.append(read_png(inside(run.folder / "images", cell["image"]), payload.get("width")))
    return Reply({"items": items}, files)


@handles("examples.get")
def get_example(_: Session, payload: dict[str, Any]) -> Reply:
    """Return the recorded result of a view."""
    return recorded_example(payload["view"])


@handles("found.list")
def list_found(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    """List the found sets of finished runs, and those that were kept under a name."""
    return {"sets": [*_kept(session.workspace), *_of_runs(session.workspace)]}


def _of_runs(workspace: Workspace) -> list[dict[str, Any]]:
    if not workspace.has_store:
        return []
    store = workspace.store()
    done = [run for run in store.list() if run.verb == "localize" and run.status == "done"]
    results = [(run, store.result(run)) for run in reversed(done)]
    return [
        {"name": run.id, "run": run.id, "model": run.model, "sites": result["found"]}
        for run, result in results
        if result is not None
    ]


def _kept(workspace: Workspace) -> list[dict[str, Any]]:
    entries = []
    for path in sorted((workspace.folder / "found").glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            entries.append({"name": path.stem, "run": None, "model": found["model"], "sites": found["indices"]})
        except (OSError, ValueError, KeyError, TypeError):
            # A file that somebody else put here is no found set.
            continue
    return entries


@handles("code.get", slow=True)
def get_code(_: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the shortest script that does what a view shows."""
    view = find_view(payload["view"])
    if view.code is None:
        raise InputError("a view that can be written as code", repr(view.name), "copy from another view")
    return {"code": view.code(payload["settings"])}
