"""Invert a real image: find the noise from which a deterministic sampler makes it again.

A deterministic stock sampler (DDIM, Song et al., arXiv 2010.02502; Euler on a rectified flow) takes steps
`x' = a * x + b * m(x)`, where m is the denoiser. Undoing one needs m at the unknown x. Plain inversion puts m(x') in
its place; refining that guess by fixed-point iteration makes the reconstruction exact where the iteration converges
(Pan et al., "Effective Real Image Editing with Accelerated Iterative Diffusion Inversion", ICCV 2023, arXiv
2309.04907; for rectified flows and few steps Garibi et al., "ReNoise", ECCV 2024, arXiv 2403.14602).
"""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image, ImageOps

from workbench.errors import InputError, RefusedError
from workbench.hooks.clock import timed
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline

REFINEMENTS: Final = 3
PREDICTIONS: Final = ("epsilon", "v_prediction", "sample")


class InverseScheduler:
    """Run a stock sampler's steps backwards inside the stock pipeline.

    The pipeline calls it like any scheduler, but starts from a clean latent and ends with noise. Each step is
    visited 1 + `refinements` times, each time with a better guess of the noisier latent.

    Args:
        sampler: a stock scheduler whose `step` is linear in the sample and in the denoiser's output.
        refinements: fixed-point iterations after the first guess.
    """

    order = 1
    init_noise_sigma = 1.0

    def __init__(self, sampler: Any, refinements: int = REFINEMENTS) -> None:
        self.sampler, self.config, self.visits = sampler, sampler.config, 1 + refinements

    def set_timesteps(self, num_inference_steps: int, device: Any = None, **named: Any) -> None:
        """Take over the sampler's schedule, last step first, and read the coefficients of its steps."""
        self.sampler.set_timesteps(num_inference_steps, device=device, **named)
        timesteps = self.sampler.timesteps
        sample, output = torch.tensor([[1.0, 0.0], [0.0, 1.0]], device=timesteps.device)
        steps = [self.sampler.step(output, timestep, sample, return_dict=False)[0] for timestep in timesteps]
        self.coefficients = [(float(of_sample), float(of_output)) for of_sample, of_output in reversed(steps)]
        self.timesteps = timesteps.flip(0).repeat_interleave(self.visits)
        self.calls = 0

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Do nothing: some pipelines announce that they begin with the first step, as they always do here."""

    def scale_model_input(self, sample: torch.Tensor, timestep: Any = None) -> torch.Tensor:
        """Return the sample as it is."""
        return sample

    def step(
        self, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, return_dict: bool = True
    ) -> tuple[torch.Tensor]:
        """Return a better guess of the noisier latent, of the sample's shape and type, as a tuple of one."""
        if self.calls % self.visits == 0:
            self.cleaner = sample
        of_sample, of_output = self.coefficients[self.calls // self.visits]
        self.calls += 1
        noisier = (self.cleaner.float() - of_output * model_output.float()) / of_sample
        return (noisier.to(sample.dtype),)


@dataclass(frozen=True)
class Inversion:
    """The noise of an image.

    Args:
        latents: float [1, channel, height / f, width / f], f the VAE's factor.
        denoiser_rows: denoiser rows that the inversion took.
    """

    latents: torch.Tensor
    denoiser_rows: int


def with_invertible_sampler(model: Model) -> Model:
    """Return the model with a sampler whose steps can be undone; the user's pipeline keeps its own.

    Raises:
        RefusedError: a pipeline for which encoding or inversion is not defined.
    """
    model.require_weights()
    pipeline: Any = model.pipeline
    _check_autoencoder(pipeline)
    return _with_scheduler(model, _invertible(pipeline.scheduler))


def _with_scheduler(model: Model, scheduler: Any) -> Model:
    # A shallow copy shares the weights; setting its scheduler leaves the original as it is.
    pipeline: Any = copy(model.pipeline)
    pipeline.scheduler = scheduler
    return replace(model, pipeline=pipeline)


def _check_autoencoder(pipeline: Any) -> None:
    from diffusers import AutoencoderKL

    vae = getattr(pipeline, "vae", None)
    reason = ""
    if not isinstance(vae, AutoencoderKL):
        reason = "no autoencoder" if vae is None else f"a {type(vae).__name__}"
    elif hasattr(pipeline, "_pack_latents"):
        reason = "latents packed into tokens"
    elif getattr(vae.config, "latents_mean", None) is not None:
        reason = "latents scaled channel by channel"
    if reason:
        raise RefusedError(
            "a latent pipeline with a plain AutoencoderKL, such as Stable Diffusion 1, 2, XL or 3, for a given image",
            f"{type(pipeline).__name__} with {reason}",
            "edit images that the model generates (leave out the image)",
        )


def _invertible(scheduler: Any) -> Any:
    from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

    config = scheduler.config
    if isinstance(scheduler, FlowMatchEulerDiscreteScheduler) and not config.stochastic_sampling:
        return deepcopy(scheduler)
    diffusion = hasattr(scheduler, "alphas_cumprod") and config.get("prediction_type", "epsilon") in PREDICTIONS
    if diffusion and not config.get("use_flow_sigmas", False):
        # Clipping would make steps that cannot be undone.
        return DDIMScheduler.from_config(config, clip_sample=False, thresholding=False)
    raise RefusedError(
        "a sampler of a diffusion model or a deterministic Euler sampler of a rectified flow, for a given image",
        type(scheduler).__name__,
        "set another scheduler, or edit images that the model generates (leave out the image)",
    )


def read_photo(path: str | Path) -> Image.Image:
    """Read an image file as RGB, turned upright.

    Raises:
        InputError: no such file, or none that Pillow reads.
    """
    try:
        with Image.open(path) as opened:
            return ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            "a readable image file", f"{str(path)!r} ({type(error).__name__}: {error})", "give a PNG or JPEG"
        ) from error


def fitted(image: Image.Image, model: Model, sampling: Sampling) -> np.ndarray:
    """Return the image cropped around its centre and scaled to the model's size, uint8 RGB [height, width, 3]."""
    config: Any = model.denoiser.config
    side = (config.sample_size or 0) * getattr(model.pipeline, "vae_scale_factor", 8)
    return np.asarray(ImageOps.fit(image, (sampling.width or side, sampling.height or side)))


@torch.no_grad()
def invert(
    model: Model, image: np.ndarray, prompt: str, sampling: Sampling, *, refinements: int = REFINEMENTS
) -> Inversion:
    """Find the noise from which the model makes an image again.

    Args:
        model: what `with_invertible_sampler` returned.
        image: uint8 RGB [height, width, 3] of the sampling's size.
        prompt: what the image shows.
        sampling: steps and guidance; generating with the same ones gives the image back.
        refinements: fixed-point iterations a step; 0 is plain DDIM or Euler inversion.

    Raises:
        InputError: the latents are not finite.
    """
    pipeline: Any = model.pipeline
    pixels = pipeline.image_processor.preprocess(Image.fromarray(image))
    clean = pipeline.vae.encode(pixels.to(model.device, pipeline.vae.dtype)).latent_dist.mode()
    clean = (clean - (pipeline.vae.config.shift_factor or 0)) * pipeline.vae.config.scaling_factor
    backwards = starting_from(_with_scheduler(model, InverseScheduler(pipeline.scheduler, refinements)), clean)
    with timed(backwards) as clock:
        latents: torch.Tensor = run_pipeline(backwards, [prompt], [0], sampling, output_type="latent")
    if not torch.isfinite(latents).all():
        raise InputError("finite latents", "NaN or infinity from the inversion", "use float32 or fewer refinements")
    return Inversion(latents, clock.denoiser_rows)


def starting_from(model: Model, latents: torch.Tensor) -> Model:
    """Return the model with these latents in place of drawn noise."""
    arguments = {**model.defaults.call_arguments, "latents": latents}
    return replace(model, defaults=replace(model.defaults, call_arguments=arguments))
