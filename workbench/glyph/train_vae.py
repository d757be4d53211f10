"""Train the autoencoder that both glyph models share."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from workbench.glyph.captions import Caption, draw_caption, training_caption


def image_batch(captions: list[Caption], rng: random.Random) -> torch.Tensor:
    """Draw captions as float32 images in -1..1 of shape [batch, 3, 32, 96]."""
    images = np.stack([draw_caption(caption, rng) for caption in captions])
    return torch.from_numpy(images).permute(0, 3, 1, 2) * 2 - 1


def vae_loss(vae: AutoencoderKL, images: torch.Tensor) -> torch.Tensor:
    """Return L1 + L2 of the reconstruction plus 1e-4 times the KL divergence to a unit normal."""
    posterior = vae.encode(images).latent_dist
    decoded = vae.decode(posterior.sample()).sample
    kl = posterior.kl().mean() / posterior.mean[0].numel()
    return F.l1_loss(decoded, images) + F.mse_loss(decoded, images) + 1e-4 * kl


def train_vae(
    vae: AutoencoderKL,
    rng: random.Random,
    *,
    steps: int,
    batch: int = 32,
    on_progress: Callable[[str, int, int, float], None] = lambda *_: None,
) -> None:
    """Train the autoencoder in place on freshly drawn images."""
    vae.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=2e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.2)
    for step in range(steps):
        images = image_batch([training_caption(rng) for _ in range(batch)], rng)
        loss = vae_loss(vae, images.contiguous(memory_format=torch.channels_last))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        on_progress("autoencoder", step + 1, steps, float(loss.detach()))
    vae.eval().to(memory_format=torch.contiguous_format)


@torch.no_grad()
def normalise_latents(vae: AutoencoderKL, images: torch.Tensor) -> None:
    """Store the shift and scale that bring latents to zero mean and unit variance in the configuration."""
    latents = vae.encode(images).latent_dist.sample()
    vae.register_to_config(scaling_factor=float(1 / latents.std()), shift_factor=float(latents.mean()))
