"""Call a tiny pipeline the stock way: one prompt, one negative prompt and one generator per row."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from diffusers import DiffusionPipeline, IFPipeline

from tests.tiny.encoders import TEXT_LENGTH
from workbench.models.family import Family, family_of

SIDE = {"IFPipeline": 16, "HunyuanDiTPipeline": 64}
GUIDANCE = 3.0


def denoiser_of(pipeline: DiffusionPipeline) -> torch.nn.Module:
    """Return the U-Net or the transformer."""
    components = pipeline.components
    return components["unet"] if "unet" in components else components["transformer"]


def family_of_pipeline(pipeline: DiffusionPipeline) -> Family:
    """Return the family of the pipeline's denoiser."""
    family = family_of(denoiser_of(pipeline))
    assert family is not None, type(pipeline).__name__
    return family


def run(
    pipeline: DiffusionPipeline, prompts: list[str], seeds: list[int], steps: int = 2, **kwargs: Any
) -> torch.Tensor:
    """Return images [rows, 3, height, width] in 0..1; `kwargs` replace arguments of the call."""
    family = family_of_pipeline(pipeline)
    side = SIDE.get(type(pipeline).__name__, 32)
    call: dict[str, Any] = {
        "negative_prompt": [""] * len(prompts),
        "num_inference_steps": steps,
        "height": side,
        "width": side,
        "output_type": "pt",
        family.guidance_argument: GUIDANCE,
        **family.call_arguments,
    }
    optional: dict[str, Any] = {"max_sequence_length": TEXT_LENGTH, "clean_caption": False}
    accepted = inspect.signature(pipeline.__call__).parameters
    call |= {name: value for name, value in optional.items() if name in accepted}
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    images = pipeline(prompt=prompts, generator=generators, **{**call, **kwargs}).images
    # The first stage of DeepFloyd IF hands out tensors in -1..1.
    return (images / 2 + 0.5).clamp(0, 1) if isinstance(pipeline, IFPipeline) else images
