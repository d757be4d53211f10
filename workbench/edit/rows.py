"""The row plan of an edit: source, targets and every method's rows share one noise and one batched generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch

from workbench.edit.inversion import starting_from
from workbench.edit.prompt_to_prompt import attention_from, equally_long, why_not
from workbench.edit.settings import METHODS, ROWS_ALONE, EditSettings
from workbench.hooks.clock import StepClock
from workbench.models.model import Model
from workbench.patch.generate import generate
from workbench.patch.patch import Patch
from workbench.sites.site import SiteMap


@dataclass(frozen=True)
class EditBatch:
    """Pairs of one source prompt that are edited together from one noise.

    Args:
        key: name of the batch, the same for the same settings.
        pairs: indices of the pairs.
        seed: seed of the shared noise.
    """

    key: str
    pairs: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class EditedRows:
    """What a batch gave.

    Args:
        images: uint8 RGB [height, width, 3] by (pair, method); the source is repeated for every pair.
        denoiser_rows: denoiser rows of the batch.
        seconds: seconds of the generation.
        alone: share of the batch's rows that a method needs for one image, run alone.
    """

    images: dict[tuple[int, str], np.ndarray]
    denoiser_rows: int
    seconds: float
    alone: dict[str, float]


def plan_edits(settings: EditSettings) -> Iterator[EditBatch]:
    """Plan the batches: runs of pairs that share their source, with each seed, split so that rows fit `max_rows`."""
    most = (settings.max_rows - 1) // (len(METHODS) - 1)
    for _, run in groupby(range(len(settings.pairs)), key=lambda index: settings.pairs[index].source):
        together = tuple(run)
        for seed in settings.seeds:
            for start in range(0, len(together), most):
                pairs = together[start : start + most]
                yield EditBatch(f"{pairs[0]}/{seed}", pairs, seed)


def run_edits(
    model: Model,
    sites: SiteMap,
    settings: EditSettings,
    batch: EditBatch,
    *,
    latents: torch.Tensor | None = None,
    on_call: Callable[[StepClock], None] | None = None,
) -> EditedRows:
    """Generate one batch.

    Row 0 is the source; each pair adds its target prompt's row (`regenerate`), the rows `found` and `all_sites` that
    read text keys and values from it, and `p2p` where it applies.

    Args:
        model, sites, settings, batch: what to generate.
        latents: noise [1, channel, height, width] for all rows, in place of that of the batch's seed.
        on_call: called at each denoiser call; it may raise to cancel.
    """
    pairs = [settings.pairs[index] for index in batch.pairs]
    places, prompts = [(batch.pairs[0], "source")], [pairs[0].source]
    patches: dict[int, list[Patch]] = {}
    maps: dict[int, int] = {}
    for index, pair in zip(batch.pairs, pairs, strict=True):
        target = len(prompts)
        places.append((index, "regenerate"))
        prompts.append(pair.target)
        for method in ("found", "all_sites"):
            patches[len(prompts)] = settings.arm(method, len(sites)).patches(sites, target)
            places.append((index, method))
            prompts.append(pair.source)
        if not why_not(model, sites.sites) and equally_long(model, pair):
            maps[len(prompts)] = 0
            places.append((index, "p2p"))
            prompts.append(pair.target)
    start, rows = time.perf_counter(), len(prompts)
    if latents is not None:
        model = starting_from(model, latents.repeat(rows, 1, 1, 1))
    with attention_from(model, sites.sites, maps, batch=rows, steps=settings.sampling.steps):
        made = generate(model, prompts, [batch.seed] * rows, settings.sampling, patches=patches, on_call=on_call)
    images = dict(zip(places, made.images, strict=True)) | {(index, "source"): made.images[0] for index in batch.pairs}
    alone = {method: needed / rows for method, needed in ROWS_ALONE.items()}
    return EditedRows(images, made.denoiser_rows, time.perf_counter() - start, alone)
