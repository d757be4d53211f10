"""Generate with the tiny pipelines through the library, and look at what patches do to keys and values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import Any

import diffusers
import pytest
import torch

from tests.tiny import TINY
from tests.tiny.calls import GUIDANCE, SIDE
from tests.tiny.encoders import TEXT_LENGTH
from workbench.hooks.clock import StepClock
from workbench.models.model import Defaults, Model
from workbench.models.open import wrap_pipeline
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.patch import Patch, patched
from workbench.record.record import Record, record
from workbench.sites.find import find_sites
from workbench.sites.site import Site, SiteMap

SOURCE = 'A sign that says "HELLO".'
TARGET = 'A sign that says "APPLE".'
LONGER = 'A big red sign that says "HI".'
UNETS = ("sd", "sdxl", "if")
TWO_CALLS = ("flux", "qwen-image")
STREAMS = ("flux", "auraflow")
EVERY = pytest.mark.parametrize("name", sorted(TINY))

# The module that makes the vector by which text reaches the denoiser beside its attention.
POOLED = {
    "sdxl": "add_embedding",
    "if": "add_embedding",
    "sd3": "time_text_embed",
    "sd35": "time_text_embed",
    "flux": "time_text_embed",
    "hunyuan-dit": "time_extra_emb",
}


def small(pipeline: diffusers.DiffusionPipeline) -> Model:
    """Wrap a tiny pipeline, with the call arguments and the size that keep it fast."""
    accepted = inspect.signature(pipeline.__call__).parameters
    wanted = {"max_sequence_length": TEXT_LENGTH, "clean_caption": False, "complex_human_instruction": None}
    arguments = {name: value for name, value in wanted.items() if name in accepted}
    side = SIDE.get(type(pipeline).__name__, 32)
    return replace(wrap_pipeline(pipeline), defaults=Defaults(side, side, 2, GUIDANCE, arguments))


@cache
def model_of(name: str) -> Model:
    """Return the tiny model of that name, built once in a test session; leave it as it is."""
    return small(TINY[name]())


@cache
def sites_of(name: str) -> SiteMap:
    """Return the sites of that model."""
    return find_sites(model_of(name))


def fresh_model(name: str) -> Model:
    """Return a copy of that model that a test may change."""
    return small(TINY[name]())


def calling(model: Model, **arguments: Any) -> Model:
    """Return the model with further arguments of its pipeline call."""
    known = model.defaults.call_arguments
    return replace(model, defaults=replace(model.defaults, call_arguments={**known, **arguments}))


def latents(
    model: Model,
    prompts: Sequence[str],
    patches: Mapping[int, Sequence[Patch]] | None = None,
    *,
    seeds: Sequence[int] | None = None,
    on_call: Callable[[StepClock], None] | None = None,
    **sampling: Any,
) -> torch.Tensor:
    """Return the last latents of each row (pixels for DeepFloyd IF), one seed for all rows unless given."""
    how = replace(Sampling.of(model), **sampling)
    with patched(
        model,
        patches or {},
        batch=len(prompts),
        calls_per_step=model.calls_per_step(how.guidance),
        condition_only=how.condition_only,
        on_call=on_call,
    ):
        made = run_pipeline(model, prompts, seeds or [0] * len(prompts), how, output_type="latent")
    return torch.as_tensor(made)


def from_row(sites: Sequence[Site] | SiteMap, source: int, **how: Any) -> list[Patch]:
    """Return one patch for each site."""
    return [Patch(site, source, **how) for site in sites]


def before_and_after(
    model: Model,
    sites: Sequence[Site] | SiteMap,
    prompts: Sequence[str],
    patches: Mapping[int, Sequence[Patch]],
    **sampling: Any,
) -> tuple[Record, Record]:
    """Return the text keys and values as the projections made them and as the attention got them."""
    how = replace(Sampling.of(model), **sampling)
    calls = model.calls_per_step(how.guidance)
    with ExitStack() as stack:
        made = stack.enter_context(record(model, list(sites), calls_per_step=calls))
        stack.enter_context(
            patched(model, patches, batch=len(prompts), calls_per_step=calls, condition_only=how.condition_only)
        )
        got = stack.enter_context(record(model, list(sites), calls_per_step=calls))
        run_pipeline(model, prompts, [0] * len(prompts), how, output_type="latent")
    return made, got


def differing_rows(one: torch.Tensor, other: torch.Tensor) -> list[int]:
    """Return the rows in which two batches are not bit-identical."""
    return [row for row in range(len(one)) if not torch.equal(one[row], other[row])]
