"""A stored ablation as its panel shows it, finished or not, and what is refused before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from workbench.ablate.ablate import VERB, cell_key, cells_of
from workbench.ablate.figures import is_control
from workbench.ablate.result import SPREADS, AblationRow, row_of
from workbench.ablate.settings import NAMED, VARIANTS, AblationSettings, settings_for
from workbench.attention.form import find_form, list_forms
from workbench.attention.variant import BASELINE, NO_MLP, list_variants
from workbench.runs.store import Run, RunStore
from workbench.ui.workspace import Workspace
from workbench.zoo.registry import find_system, list_systems
from workbench.zoo.system import System
from workbench.zoo.task import find_task

Cells = Mapping[str, Mapping[str, Any]]
EXACT_FIRST: Final = ("exact", "approximate")


def ablation_options() -> dict[str, Any]:
    """List the systems of the zoo and the variants of attention."""
    names = list(dict.fromkeys([*VARIANTS, *list_variants()]))
    return {
        "systems": [
            {"name": name, "title": system.title, "task": system.task}
            for name, system in ((name, find_system(name)) for name in list_systems())
        ],
        "variants": [{"name": name, "control": is_control(name)} for name in names if name != BASELINE],
        "standard": [name for name in NAMED["standard"] if name != BASELINE],
    }


def read_setup(setup: Mapping[str, Any]) -> AblationSettings:
    """Return the settings that an `ablate_setup` asks for.

    Raises:
        InputError: unknown names.
    """
    numbers = {name: setup[name] for name in ("seeds", "steps", "finetune") if name in setup}
    return settings_for(tuple(setup["systems"]), tuple(setup["variants"]), **numbers)


def ablation_plan(workspace: Workspace, settings: AblationSettings) -> dict[str, Any]:
    """Return the `ablate_plan` of the protocol: cells, refusals that the systems declare, and the expected time."""
    refused = [
        {
            "system": name,
            "variant": variant,
            "reason": reason,
            "nearest": _nearest(find_system(name), variant),
        }
        for name in settings.systems
        for variant in settings.variants
        if (reason := _declared_reason(find_system(name), variant))
    ]
    cells = len(settings.systems) * len(settings.variants)
    trained = (cells - len(refused)) * settings.seeds
    pace = _seconds_a_step(workspace)
    steps = settings.steps + settings.finetune
    return {"cells": cells, "refused": refused, "trainings": trained, "seconds": pace and pace * trained * steps}


def _declared_reason(system: System, variant: str) -> str:
    """Return why a system declares a variant impossible; nothing if it does not."""
    declared = (system.capabilities.get(word) for word in variant.split("+"))
    return "; ".join(dict.fromkeys(one.reason for one in declared if one and one.fit == "impossible"))


def _nearest(system: System, variant: str) -> str:
    """Return the variant with each impossible form exchanged for a possible one of the same part; nothing if none."""
    words = [_possible(system, word) for word in variant.split("+")]
    return "" if None in words else "+".join(word for word in words if word)


def _possible(system: System, word: str) -> str | None:
    """Return a word of a variant that a system admits in the place of one; empty to leave out, None if none is left."""
    if word not in system.capabilities or system.capabilities[word].fit != "impossible":
        return word
    if word == NO_MLP:
        return ""
    part = find_form(word).part
    rivals = [name for name in list_forms() if find_form(name).part == part and not find_form(name).control]
    for fit in EXACT_FIRST:
        for name in rivals:
            if name in system.capabilities and system.capabilities[name].fit == fit:
                return name
    return None


def _seconds_a_step(workspace: Workspace) -> float | None:
    """Return the seconds that a step of training cost in the newest finished run; None without one."""
    if not workspace.has_store:
        return None
    store = workspace.store()
    runs = [run for run in store.list() if (run.verb, run.status) == (VERB, "done")]
    if not runs:
        return None
    trained = sum(cell["status"] == "done" for cell in store.cells(runs[-1]).values())
    steps = trained * (runs[-1].config["steps"] + runs[-1].config["finetune"])
    return store.cost(runs[-1])["seconds"] / steps if steps else None


def settings_of(run: Run) -> AblationSettings:
    """Return the settings that a run was started with."""
    config = run.config
    return AblationSettings(**{**config, "systems": tuple(config["systems"]), "variants": tuple(config["variants"])})


def ablation_result(store: RunStore, run: Run) -> dict[str, Any]:
    """Return the `ablate_result` of the protocol, as far as the run has come."""
    settings, cells, status = settings_of(run), store.cells(run), store.status_now(run)
    missing = (cell for cell in cells_of(settings) if cell_key(*cell) not in cells)
    current = next(missing, None)
    return {
        "run": run.id,
        "status": status,
        "systems": list(settings.systems),
        "variants": [{"name": name, "control": is_control(name)} for name in settings.variants],
        "seeds": settings.seeds,
        "steps": settings.steps,
        "finetune": settings.finetune,
        "chance": {system: find_task(settings.task_of(system)).chance() for system in settings.systems},
        "rows": [
            _row(settings, cells, system, variant, status if (system, variant) == (current or ())[:2] else "")
            for system in settings.systems
            for variant in settings.variants
        ],
        "ranks": {system: _ranks(cells, system) for system in settings.systems},
        "cells_done": len(cells),
        "cells": len(cells_of(settings)),
        "seconds": store.cost(run)["seconds"],
    }


def _ranks(cells: Cells, system: str) -> dict[str, Any]:
    found: dict[str, Any] = cells.get(cell_key(system, BASELINE, 0), {}).get("ranks", {})
    return found


def _row(settings: AblationSettings, cells: Cells, system: str, variant: str, status: str) -> dict[str, Any]:
    """Return the row of a system and a variant over the seeds that are there.

    Args:
        settings, cells: of the run.
        system, variant: names.
        status: of the run if it is at this row, else empty.
    """
    keys = [cell_key(system, variant, seed) for seed in range(settings.seeds)]
    done = [cells[key] for key in keys if key in cells]
    task = settings.task_of(system)
    row = row_of(system, variant, task, done) if done else AblationRow(system, variant, task, "waiting")
    if len(done) < settings.seeds and row.status != "refused":
        row_status = {"running": "running", "failed": "failed"}.get(status, "part" if done else "waiting")
    else:
        row_status = row.status
    return {**_figures(row), "status": row_status, "seeds_done": len(done), "each": _each(done)}


def _figures(row: AblationRow) -> dict[str, Any]:
    spreads = {name: None if (spread := getattr(row, name)) is None else asdict(spread) for name in SPREADS}
    return {
        "system": row.system,
        "variant": row.variant,
        "task": row.task,
        "reason": row.reason,
        "parameters": dict(row.parameters),
        "multiply_adds": row.multiply_adds,
        "weight_bytes": row.weight_bytes,
        "milliseconds": row.milliseconds,
        **spreads,
        "function_error": row.function_error,
        "self_weight": row.conversion.get("self_weight"),
    }


def _each(done: list[Mapping[str, Any]]) -> list[float]:
    """Return the accuracy of each seed."""
    return [cell["scratch"]["accuracy"] for cell in done if cell["status"] == "done"]
