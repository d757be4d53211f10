"""Stable Diffusion 3.5 medium: normed keys, and a second attention over the image alone in some blocks."""

from __future__ import annotations

from diffusers import StableDiffusion3Pipeline

from tests.tiny import tiny
from tests.tiny.sd3 import pipeline_of_sd3


@tiny("sd35")
def build() -> StableDiffusion3Pipeline:
    """Build the pipeline."""
    return pipeline_of_sd3(dual_attention_layers=(0, 1), qk_norm="rms_norm")
