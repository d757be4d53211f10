"""The extent of a patch: which heads, parts, steps, guidance halves and tokens it changes, and no others."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import (
    EVERY,
    LONGER,
    SOURCE,
    STREAMS,
    TARGET,
    TWO_CALLS,
    before_and_after,
    fresh_model,
    from_row,
    latents,
    model_of,
    sites_of,
)
from tests.tiny.encoders import TEXT_LENGTH
from workbench.errors import InputError
from workbench.hooks.forward import forward_hooks, forward_pre_hooks
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.patch import Patch, patched
from workbench.sites.site import Site

BATCH = [TARGET, SOURCE]
EXTENTS: dict[str, dict[str, Any]] = {
    "everything": {},
    "one head": {"heads": (1,)},
    "keys": {"parts": ("key",)},
    "values": {"parts": ("value",)},
    "later steps": {"steps": (1, None)},
    "first step": {"steps": (0, 1)},
    "condition only": {"condition_only": True},
    "all at once": {"heads": (0,), "parts": ("value",), "steps": (1, 2), "condition_only": True},
}


def zeroed(model: Model, site: Site, part: str, call: int, made: torch.Tensor, how: dict[str, Any]) -> torch.Tensor:
    """Return what the attention should get when row 1 is zeroed to the extent that `how` says."""
    calls = 2 if model.family.guidance == "two_calls" else 1
    first, end = how.get("steps", (0, None))
    active = first <= call // calls and (end is None or call // calls < end) and part in how.get("parts", (part,))
    positive_half = len(made) // len(BATCH) - 1
    negative_call = calls == 2 and call % 2 == 1
    expected = made.clone()
    for half in range(positive_half + 1):
        negative = negative_call or (calls == 1 and half < positive_half)
        if active and not (negative and how.get("condition_only", False)):
            heads = expected[half * len(BATCH) + 1].unflatten(-1, (site.heads, site.head_dim))
            heads[:, list(how.get("heads", range(site.heads)))] = 0
    return expected


@EVERY
@pytest.mark.parametrize("extent", sorted(EXTENTS))
def test_a_patch_changes_exactly_what_it_names(name: str, extent: str) -> None:
    model, how = model_of(name), EXTENTS[extent]
    patch = {key: value for key, value in how.items() if key != "condition_only"}
    made, got = before_and_after(
        model,
        sites_of(name),
        BATCH,
        {1: from_row(sites_of(name), "zero", **patch)},
        condition_only=how.get("condition_only", False),
    )
    changed = 0
    for (site, part, call), tensor in made.tensors.items():
        expected = zeroed(model, sites_of(name)[site], part, call, tensor, how)
        assert torch.equal(got.tensors[site, part, call], expected), (site, part, call)
        changed += not torch.equal(expected, tensor)
    assert changed > 0
    assert len(got.tensors) == len(sites_of(name)) * 2 * 2 * (2 if name in TWO_CALLS else 1)


@EVERY
@pytest.mark.parametrize("condition_only", [False, True])
def test_a_patched_row_gets_the_keys_and_values_of_its_source(name: str, condition_only: bool) -> None:
    made, got = before_and_after(
        model_of(name), sites_of(name), BATCH, {1: from_row(sites_of(name), 0)}, condition_only=condition_only
    )
    for (site, part, call), tensor in got.tensors.items():
        assert torch.equal(tensor[0::2], made.tensors[site, part, call][0::2])
        halves = range(len(tensor) // 2)
        negative_call = name in TWO_CALLS and call % 2 == 1
        for half in halves:
            negative = negative_call or (name not in TWO_CALLS and half == 0)
            source = 1 if condition_only and negative else 0
            assert torch.equal(tensor[2 * half + 1], made.tensors[site, part, call][2 * half + source])
            if not negative:
                assert not torch.equal(*made.tensors[site, part, call][2 * half : 2 * half + 2])


@EVERY
def test_condition_only_changes_the_image(name: str) -> None:
    patches = {1: from_row(sites_of(name), "zero")}
    both, one = (latents(model_of(name), BATCH, patches, condition_only=only) for only in (False, True))
    plain = latents(model_of(name), BATCH)
    # SDXL's negative embedding is all zeros, and so are its keys and values, which have no biases.
    assert torch.equal(both[1], one[1]) == (name == "sdxl")
    assert not torch.equal(plain[1], one[1])
    assert torch.equal(plain[0], one[0])


@EVERY
def test_condition_only_without_guidance_patches_the_only_half(name: str) -> None:
    patches = {1: from_row(sites_of(name), 0)}
    both, one = (latents(model_of(name), BATCH, patches, guidance=1.0, condition_only=only) for only in (False, True))
    assert torch.equal(both, one)
    assert not torch.equal(one[1], latents(model_of(name), BATCH, guidance=1.0)[1])


def denoiser_outputs(model: Model, patches: dict[int, list[Patch]], steps: int) -> list[torch.Tensor]:
    """Return what the denoiser returned at each of its calls."""
    outputs: list[torch.Tensor] = []

    def keep(_: nn.Module, __: Any, output: Any) -> None:
        outputs.append((output[0] if isinstance(output, tuple) else output.sample).clone())

    with forward_hooks([(model.denoiser, keep)]):
        latents(model, BATCH, patches, steps=steps)
    return outputs


@EVERY
@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_patch_starts_at_its_loop_step(name: str, first: int) -> None:
    model, calls = model_of(name), 2 if name in TWO_CALLS else 1
    plain = denoiser_outputs(model, {}, 3)
    made = denoiser_outputs(model, {1: from_row(sites_of(name), 0, steps=(first, None))}, 3)
    assert len(plain) == len(made) == 3 * calls
    for call, (one, other) in enumerate(zip(plain, made, strict=True)):
        assert torch.equal(one[0::2], other[0::2])
        if call < first * calls:
            assert torch.equal(one, other)
        elif call % calls == 0:
            assert not torch.equal(one[-1], other[-1])


@pytest.mark.parametrize("first", [1, 2, 3])
def test_steps_count_loop_iterations_where_timesteps_repeat(first: int) -> None:
    model = fresh_model("sd")
    model.pipeline.scheduler = diffusers.HeunDiscreteScheduler.from_config(model.pipeline.scheduler.config)
    plain = denoiser_outputs(model, {}, 3)
    made = denoiser_outputs(model, {1: from_row(sites_of("sd"), 0, steps=(first, None))}, 3)
    timesteps = model.pipeline.scheduler.timesteps.tolist()
    assert len(timesteps) == len(plain) == 5
    assert len(set(timesteps)) == 3
    same = [torch.equal(one, other) for one, other in zip(plain, made, strict=True)]
    assert same == [True] * first + [False] * (5 - first)


@EVERY
def test_heads_one_by_one_make_the_whole(name: str) -> None:
    model = model_of(name)
    whole = latents(model, BATCH, {1: from_row(sites_of(name), 0)})
    single = [Patch(site, 0, heads=(head,)) for site in sites_of(name) for head in range(site.heads)]
    assert torch.equal(latents(model, BATCH, {1: single}), whole)
    one = latents(model, BATCH, {1: from_row(sites_of(name), 0, heads=(0,))})
    plain = latents(model, BATCH)
    assert torch.equal(one[0], plain[0])
    assert not torch.equal(one[1], plain[1])
    assert not torch.equal(one[1], whole[1])


@EVERY
def test_keys_and_values_make_the_whole(name: str) -> None:
    model, sites = model_of(name), sites_of(name)
    keys, values = (from_row(sites, 0, parts=(part,)) for part in ("key", "value"))
    made = [latents(model, BATCH, {1: patches})[1] for patches in (keys, values, keys + values, from_row(sites, 0))]
    assert torch.equal(made[2], made[3])
    assert not torch.equal(made[0], made[1])
    assert not any(torch.equal(part, made[3]) for part in made[:2])


@pytest.mark.parametrize("head", [-1, 2, 99])
def test_missing_heads_are_refused(head: int) -> None:
    site = sites_of("sd")[0]
    assert site.heads == 2
    with pytest.raises(InputError, match=r"heads from 0 to 1 at .*give existing heads"):
        Patch(site, 0, heads=(0, head))


@pytest.mark.parametrize("name", STREAMS)
def test_image_tokens_of_a_single_stream_stay(name: str) -> None:
    model = model_of(name)
    site = next(site for site in sites_of(name) if site.kind == "single_stream")
    made, got = [], []
    module = model.denoiser.get_submodule(site.parts[0].module)
    with (
        forward_hooks([(module, lambda _module, _inputs, output: made.append(output))]),
        patched(model, {1: [Patch(site, "zero")]}, batch=2, calls_per_step=model.calls_per_step(3.0)),
        forward_hooks([(module, lambda _module, _inputs, output: got.append(output))]),
    ):
        run_pipeline(model, BATCH, [0, 0], Sampling.of(model), output_type="latent")
    text = TEXT_LENGTH + model.family.extra_text_tokens(model.denoiser.config)
    assert len(made) == len(got) > 0
    for before, after in zip(made, got, strict=True):
        assert before.shape[1] == text + 64
        assert torch.equal(before[:, text:], after[:, text:])
        assert not after[1::2, :text].any()
        assert before[1::2, :text].any()


@pytest.mark.parametrize("name", ["pixart-sigma", "sana", "qwen-image"])
def test_the_text_mask_comes_along_with_the_keys_for_the_active_steps_alone(name: str) -> None:
    """A longer target, patched in step 0 alone: its mask in step 0, the source's own afterwards."""
    model, argument = model_of(name), sites_of(name)[0].mask_argument
    site = sites_of(name)[0]
    masks: list[torch.Tensor] = []
    module = model.denoiser.get_submodule(site.name)
    with (
        patched(model, {2: [Patch(site, 0, steps=(0, 1))]}, batch=3, calls_per_step=model.calls_per_step(3.0)),
        forward_pre_hooks([(module, lambda _module, _inputs, named: masks.append(named[argument]))]),
    ):
        run_pipeline(model, [LONGER, SOURCE, SOURCE], [0] * 3, Sampling.of(model), output_type="latent")
    present = [mask[-3:] for mask in masks if mask is not None]
    first, second = present[:2]
    assert torch.equal(first[2], first[0])
    assert not torch.equal(first[2], first[1])
    assert torch.equal(second[2], second[1])
