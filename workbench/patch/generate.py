"""Generate images with the stock pipeline: one prompt, one noise and one list of patches per row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workbench.errors import InputError
from workbench.hooks.clock import StepClock
from workbench.models.model import Model
from workbench.patch.patch import Patch, patched


@dataclass(frozen=True)
class Sampling:
    """How images are sampled; `Sampling.of` fills in a model's defaults.

    Args:
        steps: denoising steps.
        guidance: strength of classifier-free guidance; at most 1 means none.
        height, width: pixels; None leaves the choice to the pipeline.
        condition_only: patch the conditional half alone.
    """

    steps: int
    guidance: float
    height: int | None = None
    width: int | None = None
    condition_only: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError("at least one denoising step", f"{self.steps}", "give --steps 1 or more")

    @classmethod
    def of(
        cls, model: Model, *, steps: int | None = None, guidance: float | None = None, condition_only: bool = False
    ) -> Sampling:
        """Return the model's defaults with what the user said put over them."""
        defaults = model.defaults
        return cls(
            defaults.steps if steps is None else steps,
            defaults.guidance if guidance is None else guidance,
            defaults.height,
            defaults.width,
            condition_only,
        )


@dataclass(frozen=True)
class Generated:
    """Images uint8 RGB of shape [row, height, width, 3] and the denoiser rows they cost."""

    images: np.ndarray
    denoiser_rows: int


def generate(
    model: Model,
    prompts: Sequence[str],
    seeds: Sequence[int],
    sampling: Sampling,
    *,
    patches: Mapping[int, Sequence[Patch]] | None = None,
    on_call: Callable[[StepClock], None] | None = None,
) -> Generated:
    """Generate one batch.

    Each row draws its noise, and for stochastic samplers its noise of every step, from a generator of its
    own on the CPU, so rows with the same seed share all noise whatever the batch looks like. Equal rows of one
    batch are bit-identical on one CPU thread; with several, kernels may differ by some 1e-5 between places.

    Args:
        model: an opened model with weights.
        prompts: one prompt per row.
        seeds: one seed per row.
        sampling: steps, guidance and size.
        patches: see `patched`.
        on_call: called at each denoiser call; it may raise to cancel.

    Raises:
        RefusedError: a model without weights.
        InputError: the images hold NaN.
    """
    with patched(
        model,
        patches or {},
        batch=len(prompts),
        calls_per_step=model.calls_per_step(sampling.guidance),
        condition_only=sampling.condition_only,
        on_call=on_call,
    ) as clock:
        images = run_pipeline(model, prompts, seeds, sampling, output_type="np")
    if not np.isfinite(images).all():
        raise InputError(
            "finite images", f"NaN from {model.name!r}", "use another dtype (float32 or bfloat16) or check the weights"
        )
    return Generated((np.clip(images, 0, 1) * 255).round().astype(np.uint8), clock.denoiser_rows)


@torch.no_grad()
def run_pipeline(
    model: Model, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling, *, output_type: str
) -> Any:
    """Call the stock pipeline on a batch and return its images in the given output type."""
    model.require_weights()
    assert model.pipeline is not None
    arguments: dict[str, Any] = {
        "prompt": list(prompts),
        "num_inference_steps": sampling.steps,
        "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        "output_type": output_type,
        model.family.guidance_argument: sampling.guidance,
        **model.family.call_arguments,
        **model.defaults.call_arguments,
    }
    if sampling.height is not None and sampling.width is not None:
        arguments |= {"height": sampling.height, "width": sampling.width}
    if model.calls_per_step(sampling.guidance) == 2:
        arguments.setdefault("negative_prompt", [" "] * len(prompts))
    return model.pipeline(**arguments).images
