"""Open a found set from wherever it lies: a run of the store, a JSON file, or an object at hand."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.errors import InputError
from workbench.localize.result import FoundSet, Localization
from workbench.models.model import Model
from workbench.runs.store import RunStore
from workbench.sites.find import find_sites
from workbench.sites.site import Site


def open_found(source: FoundSet | Localization | str | Path, *, runs: str | Path = "workbench-runs") -> FoundSet:
    """Return a found set.

    Args:
        source: a found set, a localisation, a JSON file that either of them wrote, or the id of a finished run,
            an unambiguous beginning of it, or `last` for the newest one.
        runs: folder of the store in which a run is looked up.

    Raises:
        InputError: a file that holds neither, an unknown or unfinished run.
    """
    if isinstance(source, FoundSet):
        return source
    if isinstance(source, Localization):
        return source.found
    path = Path(source)
    return _read(path) if path.is_file() else _of_run(str(source), Path(runs))


def found_sites(model: Model, found: FoundSet) -> tuple[Site, ...]:
    """Return the sites of a found set in a model, which may be another one of the same architecture.

    Raises:
        InputError: the model lacks one of the sites.
    """
    sites = find_sites(model)
    known = {site.name for site in sites}
    missing = [name for name in found.sites if name not in known]
    if missing or not found.sites:
        raise InputError(
            f"a found set of {model.name!r}, whose sites are like {sites[0].name!r}",
            f"{', '.join(missing) or 'no site'} found in {found.model!r}",
            "localise this model",
        )
    return tuple(sites[name] for name in found.sites)


def caveats(found: FoundSet, fingerprint: str) -> list[str]:
    """Return what a user must know before building on a found set, for weights of this fingerprint."""
    notes = []
    if found.fingerprint != fingerprint:
        notes.append(f"The found set was localised with other weights or in another precision: {found.model}.")
    if not found.reached:
        notes.append("The localisation reached its goal with all sites only, so the found set is all sites.")
    return notes


def _read(path: Path) -> FoundSet:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return FoundSet.from_dict(data.get("found", data))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "a JSON file that `FoundSet.save` or `workbench localize` wrote",
            f"{path} ({type(error).__name__}: {error})",
            "give a run's result.json or a saved found set",
        ) from error


def _of_run(name: str, runs: Path) -> FoundSet:
    if not (runs / "runs.sqlite").is_file():
        raise InputError(
            "a found set's file, or a run in a run store",
            f"{name!r} and no store in {str(runs)!r}",
            "run `workbench localize` first, or give --runs DIR",
        )
    store = RunStore(runs)
    done = [run for run in store.list() if run.verb == "localize" and run.status == "done"]
    run = done[-1] if name == "last" and done else store.get(name)
    if run not in done:
        raise InputError("a finished localisation", f"{run.id} ({run.verb}, {run.status})", "resume it or give another")
    return _read(run.folder / "result.json")
