"""The loss that a pipeline was trained with, read from its scheduler and its own call.

The pipeline itself makes the denoiser's inputs: its call is stopped at the first denoiser call and what arrives
there (text, pooled text, masks, sizes) is used for training, so no family needs code of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch import nn

from workbench.errors import InputError, RefusedError
from workbench.hooks.forward import forward_pre_hooks
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline

Kind = Literal["flow", "epsilon", "v_prediction", "sample"]
PACKED: Final = frozenset({"flux", "qwen-image"})


class _Reached(Exception):
    """The denoiser was called; the pipeline's call has served its purpose."""


@dataclass(frozen=True)
class Conditioning:
    """What the pipeline gives its denoiser beside the latents.

    Args:
        inputs: keyword arguments of one denoiser call, latents and timestep left out.
        sample: name of the argument that takes the latents.
        shape: [channels, height, width] of the latents.
        time_unit: what the denoiser is told for one unit of the scheduler's timestep.
    """

    inputs: dict[str, Any]
    sample: str
    shape: tuple[int, ...]
    time_unit: float


@dataclass(frozen=True)
class Objective:
    """Noise an image and compare the denoiser's answer with the truth.

    Args:
        model: an opened model with weights.
        kind: `flow` (rectified flow, arXiv 2209.03003, with the timesteps of Stable Diffusion 3, arXiv 2403.03206),
            `epsilon`, `v_prediction` or `sample`.
        sampling: how the pipeline is called for its conditioning: without guidance, at the size that is trained.
    """

    model: Model
    kind: Kind
    sampling: Sampling

    @classmethod
    def of(cls, model: Model, height: int | None = None, width: int | None = None) -> Objective:
        """Read the objective from a model's scheduler.

        Args:
            model: an opened model with weights.
            height, width: pixels; the model's own size unless given.

        Raises:
            RefusedError: a family or a scheduler whose training loss is not covered.
        """
        model.require_weights()
        # Two steps, because some schedulers start a single one at timestep 0, which would leave its unit open.
        sampling = replace(Sampling.of(model, steps=2, guidance=1.0), height=height, width=width)
        if height is None or width is None:
            sampling = replace(sampling, height=model.defaults.height, width=model.defaults.width)
        if model.family.name in PACKED:
            raise RefusedError(
                "a denoiser that takes latents as [row, channel, height, width]",
                f"{model.name!r}, whose family {model.family.name} packs them",
                "train it with another tool; export and merge work here",
            )
        if getattr(getattr(getattr(model.pipeline, "vae", None), "config", None), "latents_mean", None) is not None:
            raise RefusedError(
                "an autoencoder with one shift and one scale", f"one per channel in {model.name!r}", "train elsewhere"
            )
        return cls(model, kind_of(model), sampling)

    def loss(self, pixels: torch.Tensor, prompts: Sequence[str]) -> torch.Tensor:
        """Return the mean squared error of one batch.

        Args:
            pixels: float32 [row, 3, height, width] in -1..1.
            prompts: one per row.
        """
        denoiser: Any = self.model.denoiser
        weight = next(denoiser.parameters())
        with torch.no_grad():
            condition = self.conditioning(prompts)
            latents = self.encode(pixels)
            if latents.shape[1:] != condition.shape:
                raise RefusedError(
                    f"latents of shape {list(condition.shape)}", f"{list(latents.shape[1:])}", "train at another size"
                )
            noisy, times, target = self.noised(latents)
        inputs = {
            **condition.inputs,
            condition.sample: noisy.to(weight.dtype),
            "timestep": times * condition.time_unit,
            "return_dict": False,
        }
        answer = denoiser(**inputs)[0]
        # Denoisers that also learn the variance put it behind the prediction.
        return F.mse_loss(answer[:, : target.shape[1]].float(), target)

    def conditioning(self, prompts: Sequence[str]) -> Conditioning:
        """Return what the pipeline tells its denoiser about these prompts, without guidance."""
        denoiser: Any = self.model.denoiser
        seen: dict[str, Any] = {}

        def stop(_: nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
            seen.update(inspect.signature(denoiser.forward).bind(*positional, **named).arguments)
            raise _Reached

        with suppress(_Reached), forward_pre_hooks([(denoiser, stop)]):
            run_pipeline(self.model, prompts, list(range(len(prompts))), self.sampling, output_type="latent")
        sample = next(iter(inspect.signature(denoiser.forward).parameters))
        latents, time = seen.pop(sample), torch.as_tensor(seen.pop("timestep"))
        unit = float(time.flatten()[0]) / float(self.model.pipeline.scheduler.timesteps[0])  # type: ignore[union-attr]
        return Conditioning(seen, sample, tuple(latents.shape[1:]), unit)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the latents that the pipeline would decode to these pixels; the pixels for pixel diffusion."""
        vae = getattr(self.model.pipeline, "vae", None)
        if vae is None:
            return pixels.to(self.model.device)
        encoded = vae.encode(pixels.to(vae.device, vae.dtype))
        latents = encoded.latent_dist.sample() if hasattr(encoded, "latent_dist") else encoded.latent
        shift = getattr(vae.config, "shift_factor", None) or 0.0
        return (latents.float() - shift) * vae.config.scaling_factor

    def noised(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return noisy latents, timesteps in the scheduler's unit, and the regression target."""
        scheduler: Any = self.model.pipeline.scheduler  # type: ignore[union-attr]
        noise = torch.randn(latents.shape).to(latents.device)
        steps = int(scheduler.config.num_train_timesteps)
        if self.kind == "flow":
            shift = scheduler.config.get("flow_shift") or scheduler.config.get("shift") or 1.0
            uniform = torch.sigmoid(torch.randn(len(latents)))
            sigma = (shift * uniform / (1 + (shift - 1) * uniform)).to(latents.device)
            mixed = sigma[:, None, None, None]
            return (1 - mixed) * latents + mixed * noise, sigma * steps, noise - latents
        diffusion = DDPMScheduler.from_config(scheduler.config)
        times = torch.randint(0, steps, (len(latents),)).to(latents.device)
        noisy = diffusion.add_noise(latents, noise, times)
        if self.kind == "v_prediction":
            return noisy, times, diffusion.get_velocity(latents, noise, times)
        return noisy, times, noise if self.kind == "epsilon" else latents


def kind_of(model: Model) -> Kind:
    """Return what the denoiser predicts, by its pipeline's scheduler.

    Raises:
        RefusedError: a scheduler whose noise is not covered.
    """
    scheduler: Any = model.pipeline.scheduler  # type: ignore[union-attr]
    name, predicts = type(scheduler).__name__, scheduler.config.get("prediction_type", "epsilon")
    if name.startswith("FlowMatch") or predicts == "flow_prediction":
        return "flow"
    if predicts in {"epsilon", "v_prediction", "sample"} and "beta_schedule" in scheduler.config:
        return predicts
    raise RefusedError(
        "a scheduler of rectified flow, or of diffusion that predicts noise, velocity or sample",
        f"{name} ({predicts}) of {model.name!r}",
        "give the pipeline the scheduler that its model was trained with",
    )


def size_of(objective: Objective) -> tuple[int, int]:
    """Return height and width in pixels at which images are trained."""
    model, sampling = objective.model, objective.sampling
    if sampling.height is not None and sampling.width is not None:
        return sampling.height, sampling.width
    pipeline, denoiser = model.pipeline, model.denoiser
    side = getattr(pipeline, "default_sample_size", None) or getattr(denoiser.config, "sample_size", None)
    if not isinstance(side, int):
        raise InputError("a size in pixels", f"none that {model.name!r} knows", "give height and width")
    pixels = side * int(getattr(pipeline, "vae_scale_factor", 1))
    return pixels, pixels
