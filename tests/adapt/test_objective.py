"""The loss is the one that the pipeline's scheduler stands for, on what the pipeline tells its denoiser."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler, EDMEulerScheduler

from tests.adapt.materials import PROMPT, Snapshot, batches, fresh_model
from tests.patch.tiny_runs import model_of
from workbench import RefusedError, open_model
from workbench.adapt.data import pixel_batch
from workbench.adapt.objective import Objective, kind_of, size_of

TRAINED = ["sd", "sdxl", "sd3", "if", "pixart-sigma", "sana", "auraflow", "hunyuan-dit"]


def predicting(what: str):
    model = fresh_model("sd")
    model.pipeline.scheduler = DDIMScheduler.from_config(model.pipeline.scheduler.config, prediction_type=what)
    return model


@pytest.mark.parametrize("name", TRAINED)
def test_every_family_with_plain_latents_has_a_loss_with_gradients(name):
    model = model_of(name)
    objective, before = Objective.of(model), Snapshot.of(model)
    pixels, prompts = pixel_batch(batches(0), *size_of(objective))
    loss = objective.loss(pixels, prompts)
    assert torch.isfinite(loss)
    assert loss.requires_grad
    assert before.same_as(model)


def test_the_conditioning_is_what_the_pipeline_gives_its_denoiser():
    model = fresh_model("sd3")
    told = Objective.of(model).conditioning([PROMPT, "A cat"])
    with torch.no_grad():
        text, _, pooled, _ = model.pipeline.encode_prompt(
            [PROMPT, "A cat"], None, None, do_classifier_free_guidance=False, max_sequence_length=48
        )
    assert torch.equal(told.inputs["encoder_hidden_states"], text)
    assert torch.equal(told.inputs["pooled_projections"], pooled)
    assert (told.sample, told.shape, told.time_unit) == ("hidden_states", (4, 16, 16), 1.0)
    assert Objective.of(model_of("auraflow")).conditioning(["x"]).time_unit == pytest.approx(0.001)


def test_rectified_flow_regresses_on_noise_minus_image():
    objective = Objective.of(model_of("sd3"))
    assert objective.kind == "flow"
    torch.manual_seed(0)
    latents = torch.randn(64, 4, 16, 16)
    noisy, times, velocity = objective.noised(latents)
    sigma = (times / 1000)[:, None, None, None]
    assert torch.allclose(noisy - sigma * velocity, latents, atol=1e-5)
    assert 0 < times.min() < 500
    assert 900 < times.max() < 1000


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_diffusion_regresses_on_what_its_scheduler_says(kind):
    model = predicting(kind)
    objective = Objective.of(model)
    assert objective.kind == kind
    torch.manual_seed(0)
    latents = torch.randn(8, 4, 16, 16)
    noisy, times, target = objective.noised(latents)
    kept = model.pipeline.scheduler.alphas_cumprod[times][:, None, None, None]
    image = {
        "epsilon": (noisy - (1 - kept).sqrt() * target) / kept.sqrt(),
        "v_prediction": kept.sqrt() * noisy - (1 - kept).sqrt() * target,
        "sample": target,
    }[kind]
    assert torch.allclose(image, latents, atol=1e-3)


def test_latents_are_those_that_the_pipeline_decodes():
    model = fresh_model("sd3")
    vae, pixels = model.pipeline.vae, torch.rand(1, 3, 32, 32) * 2 - 1
    torch.manual_seed(0)
    latents = Objective.of(model).encode(pixels)
    torch.manual_seed(0)
    drawn = vae.encode(pixels).latent_dist.sample()
    assert torch.allclose(latents / vae.config.scaling_factor + vae.config.shift_factor, drawn, atol=1e-5)


def test_models_whose_loss_is_not_covered_are_refused():
    for name in ("flux", "qwen-image"):
        with pytest.raises(RefusedError, match="packs them"):
            Objective.of(model_of(name))
    with pytest.raises(RefusedError, match="architecture alone"):
        Objective.of(open_model("published:sd15"))
    model = fresh_model("sd")
    model.pipeline.scheduler = EDMEulerScheduler()
    with pytest.raises(RefusedError, match="EDMEulerScheduler"):
        kind_of(model)
