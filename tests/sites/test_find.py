"""Finding sites: order of execution, names, sizes and counts, for tiny and for published models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import EVERY, SOURCE, TARGET, UNETS, fresh_model, latents, model_of, sites_of
from workbench.errors import RefusedError
from workbench.hooks.forward import forward_pre_hooks
from workbench.models.open import open_model
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

NAMES = {
    "sd": ["down_blocks.1.attentions.0.transformer_blocks.0.attn2", "mid_block.attentions.0.transformer_blocks.0.attn2"]
    + [f"up_blocks.0.attentions.{index}.transformer_blocks.0.attn2" for index in range(2)],
    "sd35": [f"transformer_blocks.{index}.attn" for index in range(3)],
    "flux": [f"{stream}transformer_blocks.{index}.attn" for stream in ("", "single_") for index in range(2)],
    "if": [
        "down_blocks.1.attentions.0",
        "mid_block.attentions.0",
        "up_blocks.0.attentions.0",
        "up_blocks.0.attentions.1",
    ],
    "hunyuan-dit": [f"blocks.{index}.attn2" for index in range(4)],
}
# Heads, width of a head and weights of one site: inner width times text width, twice.
SIZES = {
    "sd": (2, 16, 2 * 32 * 32),
    "sdxl": (4, 8, 2 * 32 * 64),
    "if": (4, 8, 2 * 32 * 32),
    "sd3": (4, 8, 2 * 32 * 32),
    "flux": (2, 16, 2 * 32 * 32),
    "auraflow": (4, 8, 2 * 32 * 32),
    "qwen-image": (2, 16, 2 * 32 * 32),
    "pixart-sigma": (4, 8, 2 * 32 * 32),
    "sana": (2, 16, 2 * 32 * 32),
    "hunyuan-dit": (4, 8, 2 * 32 * 32),
}


@cache
def published(name: str) -> SiteMap:
    return find_sites(open_model(f"published:{name}"))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names(name: str) -> None:
    assert [site.name for site in sites_of(name)] == NAMES[name]
    assert [site.index for site in sites_of(name)] == list(range(len(NAMES[name])))


@pytest.mark.parametrize("name", sorted(SIZES))
def test_sizes(name: str) -> None:
    assert {(site.heads, site.head_dim, site.text_kv_parameters) for site in sites_of(name)} == {SIZES[name]}


@EVERY
def test_sites_are_in_the_order_of_a_real_generation(name: str) -> None:
    model, ran = model_of(name), []
    hooks = [
        (model.denoiser.get_submodule(site.name), lambda *_, key=site.name: ran.append(key)) for site in sites_of(name)
    ]
    with forward_pre_hooks(hooks):
        latents(model, [SOURCE], guidance=1.0, steps=1)
    assert ran == [site.name for site in sites_of(name)]


@pytest.mark.parametrize("name", UNETS)
def test_the_middle_block_runs_between_down_and_up_though_registered_last(name: str) -> None:
    ran = [site.name for site in sites_of(name)]
    places = list(dict.fromkeys(re.split(r"[_.]", key)[0] for key in ran))
    registered = [key for key, _ in model_of(name).denoiser.named_modules() if key in set(ran)]
    assert places == ["down", "mid", "up"]
    assert registered[-1].startswith("mid")


@EVERY
def test_weights_are_counted_from_the_modules(name: str) -> None:
    model = model_of(name)
    for site in sites_of(name):
        modules = [model.denoiser.get_submodule(part.module) for part in site.parts]
        assert site.text_kv_parameters == sum(module.weight.numel() for module in modules)
        assert {module.out_features for module in modules} == {site.heads * site.head_dim}
    assert sites_of(name).total_parameters == sum(weight.numel() for weight in model.denoiser.parameters())


@EVERY
def test_finding_sites_runs_and_changes_nothing(name: str) -> None:
    model = model_of(name)

    def fail(*_: Any) -> None:
        raise AssertionError("the model ran")

    with forward_pre_hooks([(model.denoiser, fail)]):
        assert find_sites(model) == sites_of(name)
        with pytest.raises(AssertionError, match="the model ran"):
            latents(model, [SOURCE])
    assert all(weight.device.type == "cpu" for weight in model.denoiser.parameters())


def test_sdxl() -> None:
    sites = published("sdxl")
    assert len(sites) == 70
    assert {site.kind for site in sites} == {"cross"}
    found = sites.select(["55-57"])
    assert [site.name for site in found] == [
        f"up_blocks.0.attentions.2.transformer_blocks.{block}.attn2" for block in (1, 2, 3)
    ]
    assert sum(site.text_kv_parameters for site in found) == 15_728_640


def test_deepfloyd_if() -> None:
    assert len(published("if-i-xl")) == 22
    assert {site.kind for site in published("if-i-xl")} == {"added_kv"}


def test_sd3() -> None:
    sites = published("sd3-medium")
    assert len(sites) == 24
    assert sites[10].name == "transformer_blocks.10.attn"
    assert sites[10].text_kv_parameters == 4_718_592


def test_flux() -> None:
    kinds = [site.kind for site in published("flux-dev")]
    assert kinds == ["joint"] * 19 + ["single_stream"] * 38


def test_published_models_cannot_generate() -> None:
    with pytest.raises(RefusedError, match=r"a model with weights.*open a folder or a hub id"):
        latents(open_model("published:sd15"), [SOURCE, TARGET])


def test_a_denoiser_without_text_attention_is_refused() -> None:
    model = fresh_model("sd")
    for module in [*model.denoiser.modules()]:
        if hasattr(module, "attn2"):
            module.attn2 = nn.Identity()
    with pytest.raises(RefusedError, match=r"attention sites of the family 'unet'.*with none.*check the pipeline"):
        find_sites(model)


def test_a_denoiser_that_skips_a_site_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fresh_model("sd3")
    monkeypatch.setattr(type(model.denoiser), "forward", lambda *_, **__: torch.zeros(1))
    with pytest.raises(RefusedError, match=r"each site to run once per step.*transformer_blocks\.0\.attn"):
        find_sites(model)
