"""Inversion: running a sampler back and forth again gives the image, better with each refinement."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
)
from PIL import Image

from tests.edit.materials import found_set
from tests.patch.tiny_runs import SOURCE, TARGET, fresh_model, model_of
from workbench import InputError, RefusedError, Sampling, edit_text, generate
from workbench.edit.inversion import (
    InverseScheduler,
    fitted,
    invert,
    read_photo,
    starting_from,
    with_invertible_sampler,
)
from workbench.metrics import mse
from workbench.patch.generate import run_pipeline

SAMPLERS = {
    "ddim": DDIMScheduler(clip_sample=False, beta_schedule="scaled_linear"),
    "ddim, v, trailing, zero SNR": DDIMScheduler(
        clip_sample=False, prediction_type="v_prediction", timestep_spacing="trailing", rescale_betas_zero_snr=True
    ),
    "ddim, leading with offset": DDIMScheduler(clip_sample=False, steps_offset=1, set_alpha_to_one=False),
    "flow": FlowMatchEulerDiscreteScheduler(shift=3.0),
    "flow, unshifted": FlowMatchEulerDiscreteScheduler(),
}


def run(scheduler, latents: torch.Tensor, steps: int) -> torch.Tensor:
    """Denoise with a small smooth denoiser, as a pipeline does."""
    scheduler.set_timesteps(steps)
    for timestep in scheduler.timesteps:
        output = 0.2 * torch.sin(3 * latents) + timestep / 4000
        latents = scheduler.step(output, timestep, latents, return_dict=False)[0]
    return latents


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_run_backwards_undoes_itself(name):
    clean = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    errors = []
    for refinements in (0, 2, 12):
        noise = run(InverseScheduler(SAMPLERS[name], refinements), clean, 10)
        errors.append(float((run(SAMPLERS[name], noise, 10) - clean).abs().max()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-4


@pytest.mark.parametrize("name", ["auraflow", "hunyuan-dit", "pixart-sigma", "sd", "sd3", "sd35", "sdxl"])
def test_latent_pipelines_give_the_latent_back(name):
    model = with_invertible_sampler(model_of(name))
    sampling = Sampling.of(model, steps=6, guidance=1.0)
    clean = run_pipeline(model, [SOURCE], [0], sampling, output_type="latent")
    image = generate(model, [SOURCE], [0], sampling).images[0]
    errors = []
    for refinements in (0, 6):
        noise = invert(model, image, SOURCE, sampling, refinements=refinements)
        assert noise.latents.shape == clean.shape
        assert noise.denoiser_rows == 6 * (1 + refinements)
        again = generate(starting_from(model, noise.latents), [SOURCE], [0], sampling).images[0]
        decoded = encoded_and_decoded(model, image)
        errors.append(mse(again, decoded))
    assert errors[1] < errors[0]


def encoded_and_decoded(model, image: np.ndarray) -> np.ndarray:
    """What the autoencoder alone makes of an image: the best that a reconstruction can reach."""
    pipeline = model.pipeline
    with torch.no_grad():
        pixels = pipeline.image_processor.preprocess(Image.fromarray(image))
        decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latent_dist.mode()).sample
    return (pipeline.image_processor.postprocess(decoded, output_type="np")[0] * 255).round().astype(np.uint8)


def test_the_users_pipeline_keeps_its_scheduler():
    model = fresh_model("sd")
    pipeline = model.pipeline
    scheduler, config = pipeline.scheduler, dict(pipeline.config)
    before = generate(model, [SOURCE], [0], Sampling.of(model)).images
    other = with_invertible_sampler(model)
    invert(other, before[0], SOURCE, Sampling.of(model, steps=3, guidance=1.0))
    assert other.pipeline is not pipeline
    assert pipeline.scheduler is scheduler
    assert dict(pipeline.config) == config
    assert np.array_equal(generate(model, [SOURCE], [0], Sampling.of(model)).images, before)


REFUSED = {
    "if": "no autoencoder",
    "flux": "packed",
    "sana": "AutoencoderDC",
    "qwen-image": "AutoencoderKLQwenImage",
}


@pytest.mark.parametrize("name", REFUSED)
def test_pipelines_without_a_defined_inversion_are_refused(name, tmp_path):
    model = model_of(name)
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.png")
    with pytest.raises(RefusedError, match=REFUSED[name]):
        edit_text(model, found_set(model, 0), SOURCE, TARGET, image=tmp_path / "photo.png", out=tmp_path / "o")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("name", "scheduler"),
    [
        ("sd3", FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)),
        ("sd3", FlowMatchHeunDiscreteScheduler()),
        ("sd", DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True)),
    ],
)
def test_samplers_that_cannot_be_undone_are_refused(name, scheduler):
    model = fresh_model(name)
    model.pipeline.scheduler = scheduler
    with pytest.raises(RefusedError, match=type(scheduler).__name__):
        with_invertible_sampler(model)


@pytest.mark.parametrize("kind", [DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler])
def test_other_samplers_of_diffusion_models_are_replaced_by_ddim(kind):
    model = fresh_model("sd")
    model.pipeline.scheduler = kind(prediction_type="v_prediction", beta_end=0.013)
    sampler = with_invertible_sampler(model).pipeline.scheduler
    assert isinstance(sampler, DDIMScheduler)
    assert (sampler.config.prediction_type, sampler.config.beta_end) == ("v_prediction", 0.013)
    assert not sampler.config.clip_sample


def test_a_photo_is_turned_upright_cropped_and_scaled(tmp_path):
    picture = Image.new("RGBA", (60, 200), "white")
    picture.paste("red", (0, 70, 60, 130))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.convert("RGB").save(tmp_path / "photo.jpg", exif=exif)
    model = model_of("sd")
    upright = read_photo(tmp_path / "photo.jpg")
    assert upright.size == (200, 60)
    image = fitted(upright, model, Sampling(2, 1.0, 32, 32))
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.uint8
    assert image[16, 16, 0] > 200 > 60 > image[16, 16, 1]
    assert fitted(upright, model, Sampling(2, 1.0)).shape == (32, 32, 3)


def test_a_given_image_is_edited_and_its_reconstruction_reported(tmp_path):
    sd = model_of("sd")
    photo = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    result = edit_text(
        sd, found_set(sd, 1), SOURCE, TARGET, image=tmp_path / "photo.png", steps=4, start_step=1, out=tmp_path / "o"
    )
    assert result.settings.sampling.guidance == 1
    source, found = result.score("source"), result.score("found")
    assert 0 < source.ssim < 1
    inverting, image = 4 * 4, 4
    assert (source.denoiser_rows, found.denoiser_rows) == (inverting + image, inverting + 2 * image)
    assert not np.array_equal(result.pictures("found")[0], result.pictures("source")[0])


def test_a_given_image_has_one_noise(tmp_path):
    sd = model_of("sd")
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match="one noise"):
        edit_text(sd, found_set(sd, 1), SOURCE, TARGET, image=tmp_path / "photo.png", seeds=2, out=tmp_path / "o")


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "photo.png").write_text("no image")
    with pytest.raises(InputError, match="readable image"):
        read_photo(tmp_path / "photo.png")
