"""Screen: rank all sites by what each does to single denoiser calls, so that images are made for the best alone.

At a few of the source run's noisy latents the denoiser predicts once with nothing patched, once with all sites patched
and once with each site alone. The one-step effect of a site is how far its change of the prediction goes along the
change that all sites make. It is the first term of what patching whole generations measures; what a site does later in
the schedule, or together with others only, it does not see. So it only chooses the sites that `localize` then patches,
whose complement control patches all the others together.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch

from workbench.files import write_whole
from workbench.hooks.clock import StepClock
from workbench.localize.scores import bootstrap_index, interval
from workbench.localize.screening import SCREENING_FILE, ScreenedSite, Screening
from workbench.localize.settings import Settings
from workbench.models.model import Model
from workbench.patch.arms import SOURCE, Arm
from workbench.patch.probe import capture_calls, predict_arms
from workbench.runs.store import Run, RunStore
from workbench.sites.site import SiteMap

PROBES: Final = 4


def probe_steps(settings: Settings) -> tuple[int, ...]:
    """Return the steps to probe: from the start step (or 1) to the middle of the schedule, ever further apart.

    Later latents of the source run hold the source text already, so that little is left to be decided there.
    """
    first, last = max(1, settings.start_step), max(settings.start_step, settings.sampling.steps // 2)
    if first >= last:
        return (last,)
    return tuple(sorted({round(step) for step in np.geomspace(first, last, PROBES)}))


def screening_rows(settings: Settings, model: Model) -> int:
    """Return the denoiser rows that a screening costs, at most."""
    steps, arms = probe_steps(settings), len(settings.sites) + 2
    # Arms are halved until they fit, and each part has a target row of its own.
    chunks = 2 ** max(0, math.ceil(math.log2(arms / (settings.max_rows - 1))))
    trajectory = 2 * model.rows_per_image(settings.sampling.guidance) * steps[-1]
    return len(settings.pairs) * len(settings.seeds) * (trajectory + len(steps) * (arms + chunks))


def screen(
    store: RunStore,
    run: Run,
    model: Model,
    sites: SiteMap,
    settings: Settings,
    *,
    on_call: Callable[[StepClock], None],
    on_pair: Callable[[int, int], None],
) -> Screening:
    """Screen the tried sites of a run; pairs that are in its folder already are not probed again.

    Args:
        store, run: where to keep what each pair gave.
        model, sites, settings: what to probe.
        on_call: called at each denoiser call; it may raise to cancel.
        on_pair: called as (pairs done, pairs) after each pair and seed.
    """
    folder = run.folder / "screening"
    folder.mkdir(exist_ok=True)
    keys = [(pair, seed) for pair in range(len(settings.pairs)) for seed in settings.seeds]
    done = store.batches(run)
    for number, (pair, seed) in enumerate(keys, start=1):
        key = f"screen/{pair}/{seed}"
        if key not in done:
            start = time.perf_counter()
            values, rows = _screen_pair(model, sites, settings, pair, seed, on_call)
            write_whole(folder / f"{pair}-{seed}.json", json.dumps({**values, "denoiser_rows": rows}))
            store.write_batch(run, key, [], denoiser_rows=rows, seconds=time.perf_counter() - start)
            on_pair(number, len(keys))
    kept = [json.loads((folder / f"{pair}-{seed}.json").read_text(encoding="utf-8")) for pair, seed in keys]
    screening = _summary(kept, sites, settings)
    screening.save(run.folder / SCREENING_FILE)
    return screening


def _screen_pair(
    model: Model, sites: SiteMap, settings: Settings, pair: int, seed: int, on_call: Callable[[StepClock], None]
) -> tuple[dict[str, list[float]], int]:
    """Return `effect` and `aside` of each tried site for one pair and seed, and the denoiser rows."""
    prompts = settings.pairs[pair].source, settings.pairs[pair].target
    arms = [SOURCE, Arm(tuple(range(len(sites)))), *(Arm((site,)) for site in settings.sites)]
    calls, rows = capture_calls(model, prompts, seed, settings.sampling, probe_steps(settings), on_call=on_call)
    effects, asides, lengths = [], [], []
    for call in calls:
        predicted, spent = predict_arms(model, sites, call, arms, max_rows=settings.max_rows, on_call=on_call)
        effect, aside, length = one_step_effects(predicted)
        effects.append(effect)
        asides.append(aside)
        lengths.append(length)
        rows += spent
    # Where the two prompts hardly differ, the direction says little.
    weights = lengths if any(lengths) else None
    effect, aside = (np.average(probes, axis=0, weights=weights) for probes in (effects, asides))
    return {"effect": effect.tolist(), "aside": aside.tolist()}, rows


def one_step_effects(predicted: torch.Tensor) -> tuple[np.ndarray, np.ndarray, float]:
    """Compare predictions with that of all sites patched.

    Args:
        predicted: [arm, ...] of nothing patched, all sites, and each site alone.

    Returns:
        For each site alone its part along the change of all sites and the length of the rest, both in lengths of
        that change, and that length.
    """
    changes = (predicted[1:] - predicted[0]).flatten(1).double()
    everything, alone = changes[0], changes[1:]
    length = float(everything.norm())
    if length == 0:
        return np.zeros(len(alone)), np.zeros(len(alone)), 0.0
    along = alone @ everything / length**2
    rest = (alone - along[:, None] * everything).norm(dim=1) / length
    return along.numpy(), rest.numpy(), length


def _summary(kept: Sequence[dict[str, Any]], sites: SiteMap, settings: Settings) -> Screening:
    shape = (len(settings.pairs), len(settings.seeds), len(settings.sites))
    effect, aside = (
        np.array([values[name] for values in kept]).reshape(shape).mean(axis=1) for name in ("effect", "aside")
    )
    draws = effect[bootstrap_index(len(settings.pairs))].mean(axis=1)
    screened = [
        ScreenedSite(
            site, sites[site].name, float(draws[0, place]), interval(draws[1:, place]), float(aside[:, place].mean())
        )
        for place, site in enumerate(settings.sites)
    ]
    rows = sum(values["denoiser_rows"] for values in kept)
    return Screening(tuple(sorted(screened, key=lambda site: -site.effect)), probe_steps(settings), rows)
