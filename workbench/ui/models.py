"""Models as the panels name them: embedded ones, folders, hub ids, and pipelines among the notebook's variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import InputError, RefusedError
from workbench.models.model import Model
from workbench.models.open import list_models, open_model
from workbench.runs.store import Run
from workbench.sites.find import find_sites, refuse_unpatchable
from workbench.ui.variables import is_pipeline, pipelines


def open_reference(source: str, name: str, variables: Mapping[str, Any]) -> Model:
    """Open what a `model_ref` names.

    Raises:
        InputError: nothing of that name and kind.
        RefusedError: a model whose text attention cannot be patched.
    """
    if source == "variable":
        if name not in variables or not is_pipeline(variables[name]):
            raise InputError(
                "a variable that holds a diffusers pipeline", repr(name), "run its cell, or choose another"
            )
        return open_model(variables[name])
    if source == "embedded" and name not in {card.name for card in list_models()}:
        raise InputError("an embedded model", repr(name), "choose one of the list")
    if source == "folder":
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise InputError("a folder", f"{name!r}, which is none", "give the folder that `save_pretrained` wrote")
        return open_model(folder.resolve())
    if source == "hub" and (name.count("/") != 1 or name.startswith((".", "/", "~")) or Path(name).exists()):
        raise InputError("a hub id such as owner/name", repr(name), "give a folder as a folder")
    return open_model(name)


def reference_of(run: Run, variables: Mapping[str, Any]) -> dict[str, str]:
    """Return the `model_ref` of the model that a run was made with."""
    for variable, value in pipelines(variables):
        try:
            if open_model(value).name == run.model:
                return {"source": "variable", "name": variable}
        except InputError:
            continue
    name = run.model
    if name in {card.name for card in list_models()}:
        return {"source": "embedded", "name": name}
    return {"source": "folder" if Path(name).is_dir() else "hub", "name": name}


def variable_entry(name: str, value: Any) -> dict[str, Any]:
    """Return the `model_entry` of a pipeline of the notebook; a refused one with the reason."""
    entry = {"source": "variable", "name": name, "family": "", "sites": None, "parameters": None, "refused": ""}
    entry["note"] = type(value).__name__
    try:
        model = open_model(value)
        refuse_unpatchable(model)
    except RefusedError as error:
        return {**entry, "refused": f"{error.got}; {error.do}"}
    except InputError as error:
        return {**entry, "refused": str(error)}
    return {**entry, "family": model.family.name, "parameters": model.total_parameters}


def site_map_of(model: Model) -> dict[str, Any]:
    """Return the `site_map` of an opened model."""
    return {
        **find_sites(model).to_dict(),
        "steps": model.defaults.steps,
        "guidance": model.defaults.guidance,
        "note": model.note,
    }
