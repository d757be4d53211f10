"""The autoencoder that most tiny pipelines share, and weights large enough for the text to matter."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL
from torch import nn

Denoiser = TypeVar("Denoiser", bound=nn.Module)


def autoencoder(levels: int = 2, **config: Any) -> AutoencoderKL:
    """Return an autoencoder whose latents are `2 ** (levels - 1)` times smaller than the image."""
    return AutoencoderKL(
        block_out_channels=(8,) * levels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        **config,
    ).eval()


def louder(denoiser: Denoiser, factor: float = 2.0) -> Denoiser:
    """Return the denoiser with the weights of its linear modules scaled up, so that another word changes the image."""
    with torch.no_grad():
        for module in denoiser.modules():
            if isinstance(module, nn.Linear):
                module.weight.mul_(factor)
    return denoiser.eval()
