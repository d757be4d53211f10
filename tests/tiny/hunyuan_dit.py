"""HunyuanDiT: cross attention over two texts of fixed lengths, long skips between blocks, pooled T5."""

from __future__ import annotations

from diffusers import DDPMScheduler, HunyuanDiT2DModel, HunyuanDiTPipeline

from tests.tiny import tiny
from tests.tiny.encoders import bert_encoder, bert_tokenizer, byte_tokenizer, t5_encoder
from tests.tiny.parts import autoencoder, louder


@tiny("hunyuan-dit")
def build() -> HunyuanDiTPipeline:
    """Build the pipeline; its rotary grid assumes latents 8 times smaller than the image."""
    transformer = HunyuanDiT2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        num_layers=4,
        num_attention_heads=4,
        attention_head_dim=8,
        hidden_size=32,
        mlp_ratio=2.0,
        cross_attention_dim=32,
        cross_attention_dim_t5=32,
        pooled_projection_dim=16,
    )
    return HunyuanDiTPipeline(
        transformer=louder(transformer, 3),
        vae=autoencoder(levels=4),
        text_encoder=bert_encoder(32),
        tokenizer=bert_tokenizer(),
        text_encoder_2=t5_encoder(32),
        tokenizer_2=byte_tokenizer(),
        scheduler=DDPMScheduler(prediction_type="v_prediction", beta_schedule="scaled_linear", clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
