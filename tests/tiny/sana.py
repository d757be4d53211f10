"""Sana: cross attention with fewer heads than self attention has, a deep-compression autoencoder, Gemma text."""

from __future__ import annotations

from diffusers import AutoencoderDC, FlowMatchEulerDiscreteScheduler, SanaPipeline, SanaTransformer2DModel

from tests.tiny import tiny
from tests.tiny.encoders import gemma_encoder, gemma_tokenizer
from tests.tiny.parts import louder


def _autoencoder() -> AutoencoderDC:
    return AutoencoderDC(
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    ).eval()


@tiny("sana")
def build() -> SanaPipeline:
    """Build the pipeline."""
    transformer = SanaTransformer2DModel(
        sample_size=16,
        patch_size=1,
        in_channels=4,
        out_channels=4,
        num_layers=3,
        num_attention_heads=4,
        attention_head_dim=8,
        num_cross_attention_heads=2,
        cross_attention_head_dim=16,
        cross_attention_dim=32,
        caption_channels=16,
    )
    return SanaPipeline(
        transformer=louder(transformer),
        vae=_autoencoder(),
        text_encoder=gemma_encoder(16),
        tokenizer=gemma_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
