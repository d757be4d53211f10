"""Localise: find the few sites that decide the text of the image, with uncertainty and controls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from workbench.hooks.clock import StepClock
from workbench.localize.forecast import Forecast, forecast
from workbench.localize.job import Job, Listener, stop_check
from workbench.localize.pairs import Pair, make_pairs
from workbench.localize.result import Localization
from workbench.localize.scores import ArmScore
from workbench.localize.settings import Settings
from workbench.localize.stages import single_arms
from workbench.metrics.reader import open_reader
from workbench.models.model import Model
from workbench.models.open import DEFAULT_MODEL, open_model
from workbench.patch.arms import RowBatch
from workbench.patch.generate import Sampling
from workbench.patch.sweep import run_batch
from workbench.runs.reopen import reopen_model
from workbench.runs.store import Run, RunStore
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

DEFAULT_PAIRS: Final = 16
DEFAULT_OUT: Final = "workbench-runs"


def plan(
    model: Model | Any,
    pairs: Sequence[Pair] | int = DEFAULT_PAIRS,
    *,
    seeds: int | Sequence[int] = 1,
    steps: int | None = None,
    guidance: float | None = None,
    condition_only: bool = False,
    sites: Iterable[str | int] | None = None,
    **options: Any,
) -> tuple[Model, SiteMap, Settings, Forecast]:
    """Open the model, resolve the settings of `localize` and forecast its cost, without running anything.

    The arguments are those of `localize`.
    """
    opened = open_model(model)
    site_map = find_sites(opened)
    settings = Settings(
        pairs=tuple(make_pairs(pairs, embedded=opened.glyph) if isinstance(pairs, int) else pairs),
        seeds=tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds),
        sampling=Sampling.of(opened, steps=steps, guidance=guidance, condition_only=condition_only),
        sites=tuple(site.index for site in (site_map if sites is None else site_map.select(sites))),
        **options,
    )
    return opened, site_map, settings, forecast(opened, site_map, settings)


def localize(
    model: Model | Any = DEFAULT_MODEL,
    pairs: Sequence[Pair] | int = DEFAULT_PAIRS,
    *,
    out: str | Path = DEFAULT_OUT,
    on_progress: Listener | None = None,
    on_forecast: Callable[[Forecast], None] | None = None,
    on_run: Callable[[Run], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    **options: Any,
) -> Localization:
    """Find the attention sites that decide the text in a model's images.

    Every site alone, then nested sets in the order of the ranking, are patched with the text keys and values
    of the target prompt while everything else stays with the source prompt (Staniszewski et al., "Precise
    Parameter Localization for Textual Generation in Diffusion Models", arXiv 2502.09935). Source, target and
    patched rows share one noise and run in one batch.

    Args:
        model: an opened model, or anything `open_model` takes.
        pairs: prompt pairs, or how many to make.
        out: folder of the run store; nothing is written elsewhere.
        on_progress: called after each batch.
        on_forecast: called once before the run starts.
        on_run: called once with the run when it is in the store.
        should_stop: asked at each denoiser call; True ends the run like Ctrl-C, to be resumed later.
        **options: `seeds` (a number or a list), `steps`, `guidance`, `condition_only`, `sites` (names, patterns
            or indices to try) and the fields of `Settings`: `start_step`, `share`, `drift_margin`, `heads`,
            `step_windows`, `random_sets`, `reader`, `max_rows`, `screen`.

    Returns:
        The result; it is also stored as `result.json` in the run's folder.

    Raises:
        InputError: bad settings or an unusable output folder.
        RefusedError: a model that cannot be patched, or one without weights.
    """
    opened, site_map, settings, expected = plan(model, pairs, **options)
    opened.require_weights()
    reader, store = open_reader(settings.reader), RunStore(out)
    timed = replace(expected, seconds=_expected_seconds(opened, site_map, settings, expected, stop_check(should_stop)))
    if on_forecast is not None:
        on_forecast(timed)
    config = {"model": opened.name, "fingerprint": opened.fingerprint(), "settings": settings.to_dict()}
    run = store.create("localize", opened.name, config, timed.to_dict())
    if on_run is not None:
        on_run(run)
    return Job(store, run, opened, site_map, settings, reader, on_progress, should_stop).execute()


def resume(
    store: RunStore,
    run: Run,
    *,
    model: Model | None = None,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Localization:
    """Go on with a run where it stopped; a finished one returns the same result from the stored cells.

    Args:
        store: the store that holds it.
        run: the run.
        model: the model, needed only if it was a live pipeline.
        on_progress, should_stop: see `localize`.

    Raises:
        InputError: a run of another verb, or other weights than those the run began with.
    """
    opened = reopen_model(run, "localize", model)
    settings = Settings.from_dict(run.config["settings"])
    reader = open_reader(settings.reader)
    return Job(store, run, opened, find_sites(opened), settings, reader, on_progress, should_stop).execute()


def score_set(
    store: RunStore,
    run: Run,
    sites: Iterable[str | int],
    *,
    model: Model | None = None,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ArmScore:
    """Score any set of sites patched together, on the pairs and seeds of a run; images are made only once.

    Args:
        store: the store that holds it.
        run: a finished run, or one whose sites have all been patched alone.
        sites: names, patterns or indices.
        model: the model, needed only if it was a live pipeline.
        on_progress, should_stop: see `localize`.

    Raises:
        InputError: sites that do not exist, a run of another verb or one that has not come so far.
    """
    opened = reopen_model(run, "localize", model)
    site_map, settings = find_sites(opened), Settings.from_dict(run.config["settings"])
    chosen = [site.index for site in site_map.select(sites)]
    reader = open_reader(settings.reader)
    return Job(store, run, opened, site_map, settings, reader, on_progress, should_stop).score_set(chosen)


def _expected_seconds(
    model: Model, sites: SiteMap, settings: Settings, expected: Forecast, on_call: Callable[[StepClock], None]
) -> float:
    """Time a batch of two and of four steps, after a warm-up, and scale both parts; reading is not counted.

    What a step does not cost (prompts, decoding) is paid once an image, the rest once a denoiser row.
    """
    arms = single_arms(settings, range(len(sites)))[: settings.max_rows - 1]
    batch = RowBatch("probe", 0, 0, tuple(replace(arm, steps=(0, None)) for arm in arms))
    pair = settings.pairs[0]

    def timed(steps: int) -> tuple[float, int]:
        start = time.perf_counter()
        sampling = replace(settings.sampling, steps=steps)
        made = run_batch(model, sites, batch, (pair.source, pair.target), sampling, on_call=on_call)
        return time.perf_counter() - start, made.denoiser_rows

    # Two steps at least: some flow schedules divide by zero with one.
    timed(2)
    (short, few), (long, many) = timed(2), timed(4)
    per_row = max(0.0, long - short) / (many - few)
    per_image = max(0.0, short - per_row * few) / batch.rows
    rows_of_image = settings.sampling.steps * model.rows_per_image(settings.sampling.guidance)
    return per_row * expected.denoiser_rows + per_image * expected.denoiser_rows / rows_of_image
