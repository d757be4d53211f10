"""FLUX.1-dev: two double blocks, two single blocks, guidance embedded and by two calls."""

from __future__ import annotations

from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

from tests.tiny import tiny
from tests.tiny.encoders import byte_tokenizer, clip_encoder, clip_tokenizer, t5_encoder
from tests.tiny.parts import autoencoder, louder


@tiny("flux")
def build() -> FluxPipeline:
    """Build the pipeline."""
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=2,
        num_single_layers=2,
        num_attention_heads=2,
        attention_head_dim=16,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )
    return FluxPipeline(
        transformer=louder(transformer),
        vae=autoencoder(shift_factor=0.1159, scaling_factor=0.3611, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_encoder(32),
        text_encoder_2=t5_encoder(32),
        tokenizer=clip_tokenizer(),
        tokenizer_2=byte_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
    )
