"""What a patch does to the rows of a batch: the patched row becomes what it should, the others stay, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import (
    EVERY,
    LONGER,
    POOLED,
    SOURCE,
    TARGET,
    differing_rows,
    from_row,
    latents,
    model_of,
    sites_of,
)
from tests.tiny import TINY
from workbench.errors import InputError
from workbench.hooks.forward import forward_hooks
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.patch import Patch, patched

TARGETS = pytest.mark.parametrize("target", [TARGET, LONGER], ids=["equal length", "longer"])
GUIDANCES = pytest.mark.parametrize("guidance", [3.0, 1.0], ids=["guided", "unguided"])


@contextmanager
def pooled_from_row(model: Model, name: str, row: int, source: int, batch: int) -> Iterator[None]:
    """Give a row the pooled text of another row, at the module that brings it into the denoiser."""

    def swap(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
        changed = output.clone().unflatten(0, (-1, batch))
        changed[:, row] = changed[:, source]
        return changed.flatten(0, 1)

    with forward_hooks([(model.denoiser.get_submodule(POOLED[name]), swap)]):
        yield


@EVERY
@GUIDANCES
def test_patching_from_the_same_prompt_changes_nothing(name: str, guidance: float) -> None:
    model, prompts = model_of(name), [SOURCE] * 3
    patches = {2: from_row(sites_of(name), 0)}
    made = latents(model, prompts, patches, guidance=guidance)
    assert torch.equal(made[2], made[1])
    assert torch.equal(made, latents(model, prompts, guidance=guidance))
    noise_matters = latents(model, prompts, patches, guidance=guidance, seeds=[0, 0, 1])
    assert differing_rows(made, noise_matters) == [2]


@EVERY
@TARGETS
def test_patching_one_row_leaves_the_others_alone(name: str, target: str) -> None:
    model, prompts = model_of(name), [target, SOURCE, SOURCE, SOURCE]
    plain = latents(model, prompts)
    assert differing_rows(plain, latents(model, prompts, {2: from_row(sites_of(name), 0)})) == [2]
    assert differing_rows(plain, latents(model, prompts, {1: [Patch(sites_of(name)[1], 0)]})) == [1]
    both = {1: [Patch(sites_of(name)[0], 0)], 3: [Patch(sites_of(name)[0], 2)]}
    assert differing_rows(plain, latents(model, prompts, both)) == [1]


@EVERY
@TARGETS
@GUIDANCES
def test_patching_every_site_gives_the_target(name: str, target: str, guidance: float) -> None:
    """Exact where attention is the only way for text into the image, with pooled text exchanged elsewhere."""
    model, prompts = model_of(name), [target, SOURCE, SOURCE]
    exchange = pooled_from_row(model, name, 2, 0, 3) if name in POOLED else nullcontext()
    with exchange:
        made = latents(model, prompts, {2: from_row(sites_of(name), 0)}, guidance=guidance)
    assert torch.equal(made[2], made[0])
    assert torch.equal(made[0], latents(model, [target] * 3, guidance=guidance)[0])
    assert not torch.equal(made[1], made[0])


@pytest.mark.parametrize("name", sorted(POOLED))
def test_pooled_text_stays_the_sources(name: str) -> None:
    model, prompts = model_of(name), [TARGET, SOURCE, SOURCE]
    patches = {2: from_row(sites_of(name), 0)}
    made = latents(model, prompts, patches)
    assert not torch.equal(made[2], made[0])
    with pooled_from_row(model, name, 2, 0, 3):
        exchanged = latents(model, prompts)
        assert not torch.equal(exchanged[2], made[1])
        assert differing_rows(made, exchanged) == [2]


def test_pooled_table_names_every_family_with_pooled_text() -> None:
    reached = []
    for name in sorted(TINY):
        made = latents(model_of(name), [TARGET, SOURCE], {1: from_row(sites_of(name), 0)})
        reached += [name] if not torch.equal(made[0], made[1]) else []
    assert reached == sorted(POOLED)


def test_every_site_and_given_pooled_embedding_make_the_sdxl_target() -> None:
    """The stock way to exchange pooled text: embeddings handed to the pipeline instead of prompts."""
    model, batch = model_of("sdxl"), 2
    # No negative prompt: the stock pipeline then takes zeros, here as in `run_pipeline`.
    text, negative, pooled, negative_pooled = model.pipeline.encode_prompt(
        [TARGET, SOURCE], num_images_per_prompt=1, do_classifier_free_guidance=True
    )

    def run(pooled_of_row_1: int, sites: int) -> torch.Tensor:
        with torch.no_grad(), patched(model, {1: from_row(sites_of("sdxl").sites[:sites], 0)}, batch=batch):
            return model.pipeline(
                prompt_embeds=text,
                negative_prompt_embeds=negative,
                pooled_prompt_embeds=pooled[[0, pooled_of_row_1]],
                negative_pooled_prompt_embeds=negative_pooled,
                generator=[torch.Generator().manual_seed(0) for _ in range(batch)],
                num_inference_steps=2,
                guidance_scale=3.0,
                height=32,
                width=32,
                output_type="latent",
            ).images

    everything = len(sites_of("sdxl"))
    made = run(0, everything)
    assert torch.equal(made[1], made[0])
    assert torch.equal(made[0], latents(model, [TARGET, SOURCE])[0])
    assert not torch.equal(run(1, everything)[1], made[0])
    assert not torch.equal(run(0, everything - 1)[1], made[0])


@EVERY
def test_rows_repeat_bit_for_bit(name: str) -> None:
    model, prompts = model_of(name), [TARGET, SOURCE, LONGER]
    patches = {1: from_row(sites_of(name).sites[1:], 0)}
    first = latents(model, prompts, patches, seeds=[0, 1, 2])
    assert torch.equal(first, latents(model, prompts, patches, seeds=[0, 1, 2]))
    assert not torch.equal(first, latents(model, prompts, patches, seeds=[0, 2, 2]))


@EVERY
def test_zero_source_differs_from_source_and_target(name: str) -> None:
    made = latents(model_of(name), [TARGET, SOURCE, SOURCE], {2: from_row(sites_of(name), "zero")})
    assert torch.isfinite(made).all()
    assert not torch.equal(made[2], made[0])
    assert not torch.equal(made[2], made[1])


@pytest.mark.parametrize(("row", "source"), [(2, 0), (-1, 0), (1, 2), (1, -1)])
def test_rows_outside_the_batch_are_refused(row: int, source: int) -> None:
    with pytest.raises(InputError, match="rows from 0 to 1"):
        latents(model_of("sd"), [TARGET, SOURCE], {row: [Patch(sites_of("sd")[0], source)]})


def test_a_patched_source_row_is_refused() -> None:
    site = sites_of("sd")[0]
    with pytest.raises(InputError, match="without patches of their own"):
        latents(model_of("sd"), [TARGET, SOURCE, SOURCE], {1: [Patch(site, 0)], 2: [Patch(site, 1)]})
    with pytest.raises(InputError, match="without patches of their own"):
        latents(model_of("sd"), [TARGET, SOURCE], {1: [Patch(site, 1)]})
    made = latents(model_of("sd"), [TARGET, SOURCE, SOURCE], {1: [], 2: [Patch(site, 1)]})
    assert torch.equal(made[1], made[2])


@pytest.mark.parametrize("prompts", [[SOURCE] * 3, [SOURCE] * 8], ids=["no multiple", "four times"])
def test_a_call_of_another_batch_size_is_refused(prompts: list[str]) -> None:
    model = model_of("sd")
    with (
        pytest.raises(InputError, match="of 4 prompts"),
        patched(model, {1: [Patch(sites_of("sd")[0], 0)]}, batch=4),
    ):
        run_pipeline(model, prompts, [0] * len(prompts), replace(Sampling.of(model), steps=1), output_type="latent")
