"""PixArt-sigma: cross attention in every block, padded text masked."""

from __future__ import annotations

from diffusers import DPMSolverMultistepScheduler, PixArtSigmaPipeline, PixArtTransformer2DModel

from tests.tiny import tiny
from tests.tiny.encoders import byte_tokenizer, t5_encoder
from tests.tiny.parts import autoencoder, louder


@tiny("pixart-sigma")
def build() -> PixArtSigmaPipeline:
    """Build the pipeline."""
    transformer = PixArtTransformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        out_channels=8,
        num_layers=3,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        caption_channels=32,
    )
    return PixArtSigmaPipeline(
        transformer=louder(transformer),
        vae=autoencoder(),
        text_encoder=t5_encoder(32),
        tokenizer=byte_tokenizer(),
        scheduler=DPMSolverMultistepScheduler(),
    )
