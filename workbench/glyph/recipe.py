"""The whole training of a glyph model: autoencoder, speller, plain phase, planted phase, folder with a card."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL
from transformers import ByT5Tokenizer, T5EncoderModel

from workbench.glyph.captions import Caption, training_caption
from workbench.glyph.components import TEXT_WIDTH, Family
from workbench.glyph.train_denoiser import CAPTION_DROPOUT, Example
from workbench.glyph.train_text import token_ids
from workbench.glyph.train_vae import image_batch


@dataclass(frozen=True)
class Pool:
    """Captions with their normalised latents, float16 of shape [image, 8, 8, 24]."""

    captions: list[Caption]
    latents: torch.Tensor


@torch.no_grad()
def build_pool(vae: AutoencoderKL, count: int, *, seed: int) -> Pool:
    """Draw and encode training images once; both denoisers sample their batches from the pool."""
    rng = random.Random(seed)
    captions = [training_caption(rng) for _ in range(count)]
    parts = []
    for start in range(0, count, 128):
        images = image_batch(captions[start : start + 128], rng)
        latents = vae.encode(images).latent_dist.mode()
        parts.append(((latents - vae.config.shift_factor) * vae.config.scaling_factor).half())
    return Pool(captions, torch.cat(parts))


class BatchSource:
    """Draws training batches from a pool and embeds their prompts, with and without the word."""

    def __init__(self, pool: Pool, encoder: T5EncoderModel, tokenizer: ByT5Tokenizer, family: Family) -> None:
        self.pool, self.encoder, self.tokenizer, self.family = pool, encoder.eval(), tokenizer, family

    @torch.no_grad()
    def embed(self, prompts: list[str]) -> torch.Tensor:
        """Return text embeddings as the pipeline makes them: the transformer's start with two muted CLIP tokens."""
        hidden = self.encoder(token_ids(self.tokenizer, prompts)).last_hidden_state
        if self.family == "unet":
            return hidden
        return torch.cat([hidden.new_zeros(len(prompts), 2, TEXT_WIDTH), hidden], dim=1)

    def __call__(self, rng: random.Random, batch: int) -> Example:
        rows = [rng.randrange(len(self.pool.captions)) for _ in range(batch)]
        captions = [self.pool.captions[row] for row in rows]
        kept = [rng.random() >= CAPTION_DROPOUT for _ in rows]
        text = self.embed([caption.prompt if keep else "" for caption, keep in zip(captions, kept, strict=True)])
        wordless = self.embed(
            [caption.wordless.prompt if keep else "" for caption, keep in zip(captions, kept, strict=True)]
        )
        return Example(self.pool.latents[rows].float(), text, wordless)


Reporter = Callable[[str, int, int, float], None]
