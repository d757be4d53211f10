"""The verb `ablate`: variants of attention over systems of the zoo, as one run of resumable cells."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from workbench.ablate.cell import OnStep, run_cell
from workbench.ablate.result import AblationMatrix, row_of
from workbench.ablate.settings import AblationSettings, settings_for
from workbench.runs.store import Run, RunStore
from workbench.zoo.task import find_task

VERB: Final = "ablate"
OnCell = Callable[[str, int, int], None]
ShouldStop = Callable[[], bool]


def ablate(
    systems: str | tuple[str, ...] = "*",
    variants: tuple[str, ...] = ("standard",),
    task: str | None = None,
    seeds: int = 3,
    *,
    steps: int = 300,
    finetune: int = 0,
    out: str | Path = "workbench-runs",
    on_cell: OnCell = lambda name, done, total: None,
    on_run: Callable[[Run], None] | None = None,
    should_stop: ShouldStop = lambda: False,
) -> AblationMatrix:
    """Train systems of the zoo in variants of attention, and convert the trained baselines to them.

    Each variant is trained from scratch with the same examples, steps and kernels as the baseline of the same seed,
    and the trained baseline is converted to it (after arXiv 2410.13732; see `workbench.attention.forms`). A run that
    was stopped goes on when the same matrix is asked for again.

    Args:
        systems: names or patterns.
        variants: names such as `symmetric` or `collapsed_qk+no_vo+no_mlp`; controls are `identity`, `uniform` and
            `random_symmetric`. `standard` and `reproduction` stand for lists of them.
        task: what all systems learn; each its own unless given.
        seeds: number of seeds.
        steps: of each training.
        finetune: steps of training after each conversion.
        out: folder of the run store; nothing is written elsewhere.
        on_cell: called with a cell's name, the cells done and their number.
        on_run: called once with the run when work on it begins.
        should_stop: asked at each step of a training; True ends the run like Ctrl-C, to be resumed later.

    Returns:
        Accuracy and loss, size, and change of the function for each system and variant; what is impossible is
        there with its reason.

    Raises:
        InputError: unknown names, a task that a system does not take, or numbers out of range.
    """
    settings = settings_for(systems, variants, task=task, seeds=seeds, steps=steps, finetune=finetune)
    store, config = RunStore(out), json.loads(json.dumps(asdict(settings)))
    run = next((run for run in reversed(store.list()) if run.verb == VERB and run.config == config), None)
    run = run or store.create(VERB, ", ".join(settings.systems), config, {"cells": _count(settings)})
    with store.working_on(run):
        if on_run is not None:
            on_run(run)
        cells = _sweep(store, run, settings, on_cell, should_stop)
        matrix = _matrix(run, settings, cells)
        matrix.save(run.folder / "ablation.json")
        store.set_status(run, "done", {"rows": len(matrix.rows)})
    return matrix


def _count(settings: AblationSettings) -> int:
    return len(settings.systems) * len(settings.variants) * settings.seeds


def _sweep(
    store: RunStore, run: Run, settings: AblationSettings, on_cell: OnCell, should_stop: ShouldStop
) -> dict[str, dict[str, Any]]:
    """Run the cells that are missing."""
    weights, done = run.folder / "weights", store.cells(run)
    weights.mkdir(exist_ok=True)
    check = _stop_check(should_stop)
    for system, variant, seed in cells_of(settings):
        key = cell_key(system, variant, seed)
        if key not in done:
            check()
            started = time.perf_counter()
            done[key] = _finite(run_cell(settings, system, variant, seed, weights, check))
            seconds = time.perf_counter() - started
            store.write_batch(run, key, [(key, done[key])], denoiser_rows=0, seconds=seconds)
        on_cell(key, len(done), _count(settings))
    return done


def _stop_check(should_stop: ShouldStop) -> OnStep:
    """Return what to call at each step of a training; it ends the run like Ctrl-C when it should stop."""

    def check(*_: float) -> None:
        if should_stop():
            raise KeyboardInterrupt

    return check


def cells_of(settings: AblationSettings) -> list[tuple[str, str, int]]:
    """Return system, variant and seed of each cell in order, the baseline of a system and seed before its variants."""
    seeds = range(settings.seeds)
    return [(system, variant, seed) for system in settings.systems for seed in seeds for variant in settings.variants]


def cell_key(system: str, variant: str, seed: int) -> str:
    """Return the name of a cell in the store."""
    return f"{system} {variant} {seed}"


def _finite(found: Any) -> Any:
    """Return plain data in which nothing stands for numbers that are none, which JSON does not know."""
    if isinstance(found, dict):
        return {key: _finite(value) for key, value in found.items()}
    return None if isinstance(found, float) and not math.isfinite(found) else found


def _matrix(run: Run, settings: AblationSettings, cells: dict[str, dict[str, Any]]) -> AblationMatrix:
    def of(system: str, variant: str) -> list[dict[str, Any]]:
        return [cells[cell_key(system, variant, seed)] for seed in range(settings.seeds)]

    return AblationMatrix(
        run.id,
        run.config,
        tuple(
            row_of(system, variant, settings.task_of(system), of(system, variant))
            for system in settings.systems
            for variant in settings.variants
        ),
        {system: find_task(settings.task_of(system)).chance() for system in settings.systems},
        {system: of(system, "baseline")[0]["ranks"] for system in settings.systems},
    )
