"""AuraFlow: two joint blocks, two single blocks, register tokens before the text."""

from __future__ import annotations

from diffusers import AuraFlowPipeline, AuraFlowTransformer2DModel, FlowMatchEulerDiscreteScheduler

from tests.tiny import tiny
from tests.tiny.encoders import byte_tokenizer, umt5_encoder
from tests.tiny.parts import autoencoder, louder


@tiny("auraflow")
def build() -> AuraFlowPipeline:
    """Build the pipeline."""
    transformer = AuraFlowTransformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        num_mmdit_layers=2,
        num_single_dit_layers=2,
        num_attention_heads=4,
        attention_head_dim=8,
        joint_attention_dim=32,
        caption_projection_dim=32,
        out_channels=4,
        pos_embed_max_size=64,
    )
    return AuraFlowPipeline(
        transformer=louder(transformer),
        vae=autoencoder(),
        text_encoder=umt5_encoder(32),
        tokenizer=byte_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
    )
