"""Stable Diffusion XL: several transformer blocks per attention, two text encoders and pooled text."""

from __future__ import annotations

from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

from tests.tiny import tiny
from tests.tiny.encoders import clip_encoder, clip_tokenizer
from tests.tiny.parts import autoencoder, louder


@tiny("sdxl")
def build() -> StableDiffusionXLPipeline:
    """Build the pipeline."""
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 2),
        projection_class_embeddings_input_dim=6 * 8 + 32,
        cross_attention_dim=64,
        norm_num_groups=4,
    )
    return StableDiffusionXLPipeline(
        unet=louder(unet),
        vae=autoencoder(),
        text_encoder=clip_encoder(32),
        text_encoder_2=clip_encoder(32, projected=True),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", timestep_spacing="leading", steps_offset=1),
        add_watermarker=False,
    )
