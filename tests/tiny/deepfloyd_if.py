"""DeepFloyd IF, first stage: pixels, added keys and values, learned variance, noise in every step."""

from __future__ import annotations

from diffusers import DDPMScheduler, IFPipeline, UNet2DConditionModel

from tests.tiny import tiny
from tests.tiny.encoders import byte_tokenizer, t5_encoder


@tiny("if")
def build() -> IFPipeline:
    """Build the pipeline."""
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=3,
        out_channels=6,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        attention_head_dim=8,
        cross_attention_dim=32,
        encoder_hid_dim=32,
        encoder_hid_dim_type="text_proj",
        addition_embed_type="text",
        addition_embed_type_num_heads=2,
        cross_attention_norm="group_norm",
        resnet_time_scale_shift="scale_shift",
        act_fn="gelu",
        norm_num_groups=4,
    )
    return IFPipeline(
        tokenizer=byte_tokenizer(),
        text_encoder=t5_encoder(32),
        unet=unet.eval(),
        scheduler=DDPMScheduler(variance_type="learned_range", thresholding=True, beta_schedule="squaredcos_cap_v2"),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
