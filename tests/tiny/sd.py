"""Stable Diffusion: cross attention in the down, mid and up blocks of a U-Net."""

from __future__ import annotations

from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

from tests.tiny import tiny
from tests.tiny.encoders import clip_encoder, clip_tokenizer
from tests.tiny.parts import autoencoder, louder


@tiny("sd")
def build() -> StableDiffusionPipeline:
    """Build the pipeline."""
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=2,
        cross_attention_dim=32,
        norm_num_groups=4,
    )
    return StableDiffusionPipeline(
        unet=louder(unet, 4),
        vae=autoencoder(),
        text_encoder=clip_encoder(32),
        tokenizer=clip_tokenizer(),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1, beta_schedule="scaled_linear"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
