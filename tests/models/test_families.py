"""What each family declares, held against the stock denoisers and pipelines."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import diffusers
import pytest
import torch
from torch import nn

from tests.tiny import TINY
from tests.tiny.calls import denoiser_of, family_of_pipeline, run
from tests.tiny.encoders import TEXT_LENGTH
from workbench.hooks.forward import forward_hooks, forward_pre_hooks
from workbench.models.family import list_families
from workbench.models.open import wrap_pipeline
from workbench.models.refused import REFUSED
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

PROMPTS = ['A sign that says "HELLO".', 'A sign that says "APPLE".']
LONGER = 'A big red sign that says "HI".'
KINDS = {
    "sd": ["cross"] * 4,
    "sdxl": ["cross"] * 8,
    "if": ["added_kv"] * 4,
    "sd3": ["joint"] * 3,
    "sd35": ["joint"] * 3,
    "flux": ["joint"] * 2 + ["single_stream"] * 2,
    "auraflow": ["joint"] * 2 + ["single_stream"] * 2,
    "qwen-image": ["joint"] * 3,
    "pixart-sigma": ["cross"] * 3,
    "sana": ["cross"] * 3,
    "hunyuan-dit": ["cross"] * 4,
}
EVERY = pytest.mark.parametrize("name", sorted(TINY))


@cache
def pipeline_of(name: str) -> diffusers.DiffusionPipeline:
    return TINY[name]()


def sites_of(name: str) -> SiteMap:
    return find_sites(wrap_pipeline(pipeline_of(name)))


def record_outputs(name: str, modules: list[str], prompts: list[str], **kwargs: Any) -> dict[str, list[torch.Tensor]]:
    """Return the outputs of modules of the denoiser over one step of a run, one for each call."""
    outputs: dict[str, list[torch.Tensor]] = {module: [] for module in modules}
    hooks = [
        (
            denoiser_of(pipeline_of(name)).get_submodule(key),
            lambda _module, _inputs, output, key=key: outputs[key].append(output),
        )
        for key in modules
    ]
    with forward_hooks(hooks):
        run(pipeline_of(name), prompts, list(range(len(prompts))), steps=1, **kwargs)
    return outputs


def first_keys(name: str, prompts: list[str]) -> list[torch.Tensor]:
    """Return the text keys of the first site, one tensor for each denoiser call of one step."""
    module = sites_of(name)[0].parts[0].module
    return record_outputs(name, [module], prompts)[module]


@EVERY
def test_sites_have_the_declared_modules(name: str) -> None:
    denoiser = denoiser_of(pipeline_of(name))
    sites = sites_of(name)
    assert [site.kind for site in sites] == KINDS[name]
    for site in sites:
        rules = [rule for rule in family_of_pipeline(pipeline_of(name)).rules if rule.kind == site.kind]
        assert [part.module for part in site.parts] == [f"{site.name}.{rules[0].key}", f"{site.name}.{rules[0].value}"]
        assert all(isinstance(denoiser.get_submodule(part.module), nn.Linear) for part in site.parts)


@EVERY
def test_dry_forward_runs_every_site_once(name: str) -> None:
    family = family_of_pipeline(pipeline_of(name))
    denoiser = denoiser_of(pipeline_of(name))
    with torch.device("meta"):
        twin = type(denoiser).from_config(denoiser.config)
    ran: list[str] = []
    hooks = [(twin.get_submodule(site.name), lambda *_, key=site.name: ran.append(key)) for site in sites_of(name)]
    with torch.no_grad(), forward_pre_hooks(hooks):
        twin(**family.dry_inputs(twin))
    assert ran == [site.name for site in sites_of(name)]
    if family.name == "unet":
        places = [re.split(r"[_.]", key)[0] for key in ran]
        assert places == sorted(places, key=["down", "mid", "up"].index)
        assert ran != [key for key, _ in denoiser.named_modules() if key in set(ran)]


@EVERY
@pytest.mark.parametrize("guided", [True, False])
def test_keys_and_values_have_one_row_per_batch_row(name: str, guided: bool) -> None:
    family = family_of_pipeline(pipeline_of(name))
    kwargs = {} if guided else {family.guidance_argument: 1.0}
    calls = 2 if guided and family.guidance == "two_calls" else 1
    rows = 4 if guided and family.guidance == "batched" else 2
    widths = {part.module: site.heads * site.head_dim for site in sites_of(name) for part in site.parts}
    outputs = record_outputs(name, list(widths), PROMPTS, **kwargs)
    for module, width in widths.items():
        assert len(outputs[module]) == calls
        assert {(len(output), output.shape[-1]) for output in outputs[module]} == {(rows, width)}


@EVERY
def test_negative_rows_come_first_or_in_a_second_call(name: str) -> None:
    batched = family_of_pipeline(pipeline_of(name)).guidance == "batched"
    keys, others = first_keys(name, PROMPTS), first_keys(name, [LONGER, LONGER])
    negative, positive = keys[0].chunk(2) if batched else (keys[1], keys[0])
    assert len(negative) == len(positive) == len(PROMPTS)
    torch.testing.assert_close(negative[0], negative[1])
    torch.testing.assert_close(negative, others[0].chunk(2)[0] if batched else others[1])
    assert (positive[0] - positive[1]).abs().max() > 1e-2


@pytest.mark.parametrize("name", [name for name, kinds in KINDS.items() if "single_stream" in kinds])
def test_text_leads_the_single_stream(name: str) -> None:
    """Without joint blocks, two rows that differ in the text alone differ at the text tokens alone."""
    denoiser = denoiser_of(pipeline_of(name))
    family = family_of_pipeline(pipeline_of(name))
    site = next(site for site in sites_of(name) if site.kind == "single_stream")
    joint = next(key for key in ("num_mmdit_layers", "num_layers") if key in denoiser.config)
    bare = type(denoiser).from_config(denoiser.config, **{joint: 0})
    inputs = family.dry_inputs(bare)
    inputs["encoder_hidden_states"] = torch.randn_like(inputs["encoder_hidden_states"])
    outputs: list[torch.Tensor] = []
    key = bare.get_submodule(site.parts[0].module)
    with torch.no_grad(), forward_hooks([(key, lambda _module, _inputs, output: outputs.append(output))]):
        bare(**inputs)
    first = family.extra_text_tokens(denoiser.config)
    differing = (outputs[0][0] - outputs[0][1]).abs().amax(-1) > 1e-5
    assert site.parts[0].span == "text_first"
    assert differing.nonzero().flatten().tolist() == [first, first + 1]
    live = record_outputs(name, [site.parts[0].module], PROMPTS)[site.parts[0].module]
    assert live[0].shape[1] == first + TEXT_LENGTH + 64


@EVERY
def test_text_masks_arrive_under_the_declared_keyword(name: str) -> None:
    pipeline = pipeline_of(name)
    seen: list[dict[str, Any]] = []
    targets = [denoiser_of(pipeline).get_submodule(site.name) for site in sites_of(name)]
    with forward_pre_hooks([(target, lambda _module, _inputs, kwargs: seen.append(kwargs)) for target in targets]):
        run(pipeline, [PROMPTS[0], LONGER], [0, 1], steps=1)
    declared = sites_of(name)[0].mask_argument
    for kwargs in seen:
        rows = len(kwargs["encoder_hidden_states"] if "encoder_hidden_states" in kwargs else kwargs["hidden_states"])
        masks = {key: value for key, value in kwargs.items() if "mask" in key and value is not None}
        # Equally long rows, such as Qwen-Image's negative ones, may have no mask at all.
        assert set(masks) <= {declared}
        assert all(len(mask) == rows for mask in masks.values())
    assert any(kwargs.get(declared) is not None for kwargs in seen) == (declared is not None)


@EVERY
def test_rows_do_not_depend_on_their_batch(name: str) -> None:
    prompts, seeds = [*PROMPTS, LONGER], [0, 0, 3]
    together = run(pipeline_of(name), prompts, seeds)
    assert together.min() >= 0 and together.max() <= 1
    for row, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):
        alone = run(pipeline_of(name), [prompt], [seed])
        torch.testing.assert_close(together[row], alone[0], atol=1e-4, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-2


def test_refused_classes_exist_and_name_a_family() -> None:
    families = {family.name: family for family in list_families()}
    covered = {denoiser for family in families.values() for denoiser in family.denoisers}
    assert not covered & set(REFUSED)
    for name, reason in REFUSED.items():
        assert hasattr(diffusers, name)
        assert reason.split("nearest: ")[1] in families
