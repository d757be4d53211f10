"""Stable Diffusion 3: joint attention over [image, text], three text encoders."""

from __future__ import annotations

from typing import Any

from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

from tests.tiny import tiny
from tests.tiny.encoders import byte_tokenizer, clip_encoder, clip_tokenizer, t5_encoder
from tests.tiny.parts import autoencoder, louder


def pipeline_of_sd3(**transformer: Any) -> StableDiffusion3Pipeline:
    """Build the pipeline, with further settings of its transformer."""
    denoiser = SD3Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=3,
        num_attention_heads=4,
        attention_head_dim=8,
        caption_projection_dim=32,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        pos_embed_max_size=8,
        **transformer,
    )
    return StableDiffusion3Pipeline(
        transformer=louder(denoiser),
        vae=autoencoder(shift_factor=0.0609, scaling_factor=1.5305, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_encoder(16, projected=True),
        text_encoder_2=clip_encoder(16, projected=True),
        text_encoder_3=t5_encoder(32),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        tokenizer_3=byte_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


@tiny("sd3")
def build() -> StableDiffusion3Pipeline:
    """Build the pipeline."""
    return pipeline_of_sd3()
