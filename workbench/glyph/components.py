"""The stock classes that make up a glyph pipeline, at the sizes this project trains."""

from __future__ import annotations

from typing import Final, Literal

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    UNet2DConditionModel,
)
from transformers import (
    ByT5Tokenizer,
    T5Config,
    T5EncoderModel,
)

Family = Literal["mmdit", "unet"]
TEXT_TOKENS: Final = 36
TEXT_WIDTH: Final = 128
LATENT_CHANNELS: Final = 8
LATENT_SHAPE: Final = (LATENT_CHANNELS, 8, 24)


def new_vae() -> AutoencoderKL:
    """Return an untrained autoencoder: [batch, 3, 32, 96] to [batch, 8, 8, 24]."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=96,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def new_text_encoder() -> T5EncoderModel:
    """Return an untrained two-layer T5 encoder over bytes: [batch, 36] to [batch, 36, 128]."""
    config = T5Config(
        vocab_size=384,
        d_model=TEXT_WIDTH,
        d_kv=32,
        d_ff=256,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        is_encoder_decoder=False,
        use_cache=False,
    )
    return T5EncoderModel(config)


def new_tokenizer() -> ByT5Tokenizer:
    """Return the byte tokenizer; it has no vocabulary file."""
    return ByT5Tokenizer(model_max_length=TEXT_TOKENS)


def new_transformer() -> SD3Transformer2DModel:
    """Return an untrained Stable-Diffusion-3 style denoiser with 12 joint attention blocks."""
    return SD3Transformer2DModel(
        sample_size=24,
        patch_size=2,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        num_layers=12,
        attention_head_dim=32,
        num_attention_heads=4,
        joint_attention_dim=TEXT_WIDTH,
        caption_projection_dim=TEXT_WIDTH,
        pooled_projection_dim=16,
        pos_embed_max_size=24,
    )


def new_unet() -> UNet2DConditionModel:
    """Return an untrained Stable-Diffusion style denoiser with 12 cross-attention sites."""
    return UNet2DConditionModel(
        sample_size=(8, 24),
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(48, 128),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=(1, 2),
        transformer_layers_per_block=(1, 2),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def new_denoiser(family: Family) -> torch.nn.Module:
    """Return the untrained denoiser of a family."""
    return new_transformer() if family == "mmdit" else new_unet()


def new_scheduler(family: Family) -> FlowMatchEulerDiscreteScheduler | DPMSolverMultistepScheduler:
    """Return the sampler: rectified flow for the transformer, v-prediction for the U-Net."""
    if family == "mmdit":
        return FlowMatchEulerDiscreteScheduler(shift=3.0)
    return DPMSolverMultistepScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )
