"""Models in a state in which patching would not do what it says are refused, with the reason and the remedy."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import SOURCE, TARGET, fresh_model, from_row, latents
from workbench.errors import InputError, RefusedError
from workbench.models.model import Model
from workbench.models.open import wrap_pipeline
from workbench.models.refused import REFUSED
from workbench.sites.find import find_sites


def patched_output(model: Model) -> torch.Tensor:
    sites = find_sites(model)
    made = latents(model, [TARGET, SOURCE], {1: from_row(sites.sites[:2], 0)})
    assert not torch.equal(made[1], latents(model, [TARGET, SOURCE])[1])
    return made


@pytest.mark.parametrize("name", ["sd", "sdxl", "sd3", "sd35", "flux"])
def test_fused_projections_until_unfused(name: str) -> None:
    model = fresh_model(name)
    before = patched_output(model)
    model.denoiser.fuse_qkv_projections()
    with pytest.raises(RefusedError, match=r"fused projections.*call `unfuse_qkv_projections\(\)` on the denoiser"):
        find_sites(model)
    model.denoiser.unfuse_qkv_projections()
    assert torch.equal(patched_output(model), before)


@pytest.mark.parametrize("name", ["sd", "flux"])
def test_compiled_denoisers(name: str) -> None:
    model = fresh_model(name)
    model.denoiser.compile()
    with pytest.raises(RefusedError, match=r"a compiled denoiser, which may ignore hooks; open the model without"):
        find_sites(model)


@pytest.mark.parametrize("name", ["sd", "flux"])
def test_compiled_blocks(name: str) -> None:
    model = fresh_model(name)
    model.denoiser.compile_repeated_blocks()
    assert model.denoiser._compiled_call_impl is None
    with pytest.raises(RefusedError, match="a compiled denoiser"):
        find_sites(model)


def test_step_cache_until_disabled() -> None:
    model = fresh_model("flux")
    before = patched_output(model)
    model.denoiser.enable_cache(diffusers.FirstBlockCacheConfig(threshold=0.1))
    with pytest.raises(RefusedError, match=r"a step cache.*call `disable_cache\(\)`"):
        find_sites(model)
    model.denoiser.disable_cache()
    assert torch.equal(patched_output(model), before)


def test_perturbed_attention_guidance() -> None:
    pipeline = fresh_model("sd").pipeline
    guided = diffusers.StableDiffusionPAGPipeline(**pipeline.components, requires_safety_checker=False)
    with pytest.raises(RefusedError, match=r"perturbed-attention guidance.*use the plain pipeline"):
        find_sites(wrap_pipeline(guided))
    assert len(find_sites(wrap_pipeline(pipeline))) == 4


def test_a_denoiser_on_several_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fresh_model("flux")
    monkeypatch.setattr(model.denoiser, "_parallel_config", object())
    with pytest.raises(RefusedError, match=r"split over devices.*open the model on one device"):
        find_sites(model)


class Pipeline:
    """A pipeline with nothing but a denoiser."""

    config = {"_name_or_path": ""}

    def __init__(self, denoiser: nn.Module) -> None:
        self.transformer = denoiser

    def __call__(self) -> None:
        """Generate nothing."""


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_classes(name: str) -> None:
    denoiser = type(name, (nn.Module,), {})()
    with pytest.raises(RefusedError) as caught:
        wrap_pipeline(Pipeline(denoiser))
    message = str(caught.value)
    assert f"{name}: {REFUSED[name]}" in message
    assert "UNet2DConditionModel" in message
    assert "use one of these classes, or add a file to workbench/models/families" in message


def test_refused_though_a_parent_class_is_covered() -> None:
    name = "BriaTransformer2DModel"
    denoiser = type(name, (diffusers.FluxTransformer2DModel,), {"__init__": nn.Module.__init__})()
    with pytest.raises(RefusedError, match=name):
        wrap_pipeline(Pipeline(denoiser))


def test_unknown_classes() -> None:
    with pytest.raises(RefusedError, match=r"Linear: its attention is not described yet; use one of these classes"):
        wrap_pipeline(Pipeline(nn.Linear(1, 1)))


@pytest.mark.parametrize("thing", [nn.Linear(1, 1), object(), 3, None])
def test_things_that_are_no_pipelines(thing: Any) -> None:
    with pytest.raises(InputError, match=r"a diffusers text-to-image pipeline.*pass the pipeline itself"):
        wrap_pipeline(thing)
