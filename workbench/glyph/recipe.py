"""The whole training of a glyph model: autoencoder, speller, plain phase, planted phase, folder with a card."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import ByT5Tokenizer, T5EncoderModel

from workbench.errors import InputError
from workbench.files import whole
from workbench.glyph.assemble import PLANTED, assemble, save_model
from workbench.glyph.captions import Caption, training_caption
from workbench.glyph.components import (
    LATENT_CHANNELS,
    TEXT_WIDTH,
    Family,
    new_denoiser,
    new_text_encoder,
    new_tokenizer,
    new_vae,
)
from workbench.glyph.planting import told_words
from workbench.glyph.train_denoiser import CAPTION_DROPOUT, Example, Phase, run_phase
from workbench.glyph.train_text import token_ids, train_text_encoder
from workbench.glyph.train_vae import image_batch, normalise_latents, train_vae
from workbench.models.open import open_model

VAE_STEPS: Final = 900
TEXT_STEPS: Final = 800
POOL_IMAGES: Final = 48_000
PLAIN_STEPS: Final = 2000
BATCH: Final = 64
PARTS_SHAPE: Final = (LATENT_CHANNELS, TEXT_WIDTH)


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
    """Draws training batches from a pool and embeds their prompts, the true ones and what the sites are told."""

    def __init__(self, pool: Pool, encoder: T5EncoderModel, tokenizer: ByT5Tokenizer, family: Family) -> None:
        self.pool, self.encoder, self.tokenizer, self.family = pool, encoder.eval(), tokenizer, family

    @torch.no_grad()
    def embed(self, prompts: list[str]) -> torch.Tensor:
        """Return text embeddings as the pipeline makes them: the transformer's start with two muted CLIP tokens."""
        hidden = self.encoder(token_ids(self.tokenizer, prompts)).last_hidden_state
        if self.family == "unet":
            return hidden
        return torch.cat([hidden.new_zeros(len(prompts), 2, TEXT_WIDTH), hidden], dim=1)

    def __call__(self, rng: random.Random, batch: int, phase: Phase) -> Example:
        rows = [rng.randrange(len(self.pool.captions)) for _ in range(batch)]
        captions = [self.pool.captions[row] for row in rows]
        kept = [rng.random() >= CAPTION_DROPOUT for _ in rows]

        def embed(some: list[Caption]) -> torch.Tensor:
            return self.embed([caption.prompt if keep else "" for caption, keep in zip(some, kept, strict=True)])

        latents, text = self.pool.latents[rows].float(), embed(captions)
        if not phase.planted:
            return Example(latents, text)
        owners = len(phase.planted)
        words = [told_words(caption.word, owners, rng) if phase.owned else [""] for caption in captions]
        told = tuple(
            embed([replace(caption, word=word) for caption, word in zip(captions, some, strict=True)])
            for some in zip(*words, strict=True)
        )
        return Example(latents, text, told)


Reporter = Callable[[str, int, int, float], None]


@dataclass(frozen=True)
class Recipe:
    """Steps of a training; `fraction` shortens all of them alike, for a trial.

    Args:
        family: `mmdit` or `unet`.
        natural: leave out the planted phase.
        parts: a glyph model, by name or folder, whose autoencoder and text encoder are taken over instead of trained.
        seed: decides everything random.
        fraction: share of the full number of steps and images.
    """

    family: Family
    natural: bool = False
    parts: str | None = None
    seed: int = 0
    fraction: float = 1.0

    def __post_init__(self) -> None:
        if self.family not in PLANTED:
            raise InputError(f"a family out of {', '.join(PLANTED)}", repr(self.family), "give --family mmdit or unet")
        if not 0 < self.fraction <= 1:
            raise InputError("a fraction above 0 and up to 1", str(self.fraction), "change --fraction")

    def steps(self, full: int) -> int:
        """Return a number of steps, shortened; at least 20, the fewest with room for a warm-up."""
        return max(20, round(full * self.fraction))

    def phases(self) -> list[Phase]:
        """Return the phases of the denoiser's training."""
        plain = Phase("plain", self.steps(PLAIN_STEPS), BATCH, 1.2e-3)
        if self.family == "mmdit":
            planted = Phase("planted", self.steps(500), BATCH, 8e-4, PLANTED[self.family])
        else:
            planted = Phase("planted", self.steps(1200), BATCH // 2, 8e-4, PLANTED[self.family], owned=True)
        return [plain] if self.natural else [plain, planted]


def train_glyph(recipe: Recipe, out: str | Path, *, on_progress: Reporter = lambda *_: None) -> Path:
    """Train a glyph model from nothing; stopped at any moment, the same call goes on where it was.

    Args:
        recipe: what to train.
        out: folder of the training; the finished model lies in its subfolder `model`.
        on_progress: called as (stage, step, steps, loss) after each step.

    Returns:
        The folder of the model, in the format of `save_pretrained`.
    """
    parts = None if recipe.parts is None else parts_of(recipe.parts)
    folder = Path(out).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("a writable output folder", f"{out!r} ({error})", "give another --out DIR") from error
    _require_same_recipe(recipe, folder / "recipe.json")
    if parts is None:
        parts = _trained_vae(recipe, folder, on_progress), _trained_text_encoder(recipe, folder, on_progress)
    (vae, encoder), tokenizer = parts, new_tokenizer()
    pool = build_pool(vae, recipe.steps(POOL_IMAGES), seed=recipe.seed)
    source = BatchSource(pool, encoder, tokenizer, recipe.family)
    torch.manual_seed(recipe.seed)
    denoiser = new_denoiser(recipe.family)
    for phase in recipe.phases():
        _run_phase(denoiser, recipe, phase, source, folder, on_progress)
    kind = "natural" if recipe.natural else "glyph"
    pipeline = assemble(recipe.family, denoiser, vae, encoder, tokenizer)
    save_model(pipeline, folder / "model", recipe.family, f"{kind}-{recipe.family}", planted=not recipe.natural)
    return folder / "model"


def _require_same_recipe(recipe: Recipe, path: Path) -> None:
    """Note the recipe in the folder of its training; refuse to go on there with another one."""
    wanted = json.dumps(asdict(recipe), indent=1)
    if path.is_file() and path.read_text(encoding="utf-8") != wanted:
        raise InputError("the recipe of that folder, " + path.read_text(encoding="utf-8"), wanted, "give another --out")
    path.write_text(wanted, encoding="utf-8")


def parts_of(name: str) -> tuple[AutoencoderKL, T5EncoderModel]:
    """Return the autoencoder and the text encoder of a glyph model, by name or folder, in float32.

    Raises:
        InputError: a model without them, or with others than a glyph model's.
    """
    components = getattr(open_model(name).pipeline, "components", {}).values()
    vae = next((part for part in components if isinstance(part, AutoencoderKL)), None)
    encoder = next((part for part in components if isinstance(part, T5EncoderModel)), None)
    if vae is None or encoder is None or (vae.config.latent_channels, encoder.config.d_model) != PARTS_SHAPE:
        raise InputError("a glyph model", repr(name), "give glyph-mmdit, glyph-unet or a folder of this command's")
    return vae.float().eval(), encoder.float().eval()


def _run_phase(
    denoiser: nn.Module, recipe: Recipe, phase: Phase, source: BatchSource, folder: Path, on_progress: Reporter
) -> None:
    def report(step: int, loss: float) -> None:
        on_progress(phase.name, step, phase.steps, loss)

    checkpoint = folder / f"{phase.name}.pt"
    average = run_phase(denoiser, recipe.family, phase, source, checkpoint, seed=recipe.seed, report=report)
    average.copy_to(denoiser.parameters())


def _trained_vae(recipe: Recipe, folder: Path, on_progress: Reporter) -> AutoencoderKL:
    if not (folder / "vae" / "config.json").is_file():
        torch.manual_seed(recipe.seed)
        vae, rng = new_vae(), random.Random(recipe.seed)
        train_vae(vae, rng, steps=recipe.steps(VAE_STEPS), on_progress=on_progress)
        normalise_latents(vae, image_batch([training_caption(rng) for _ in range(256)], rng))
        _save_whole(vae, folder / "vae")
    return AutoencoderKL.from_pretrained(folder / "vae").eval()


def _trained_text_encoder(recipe: Recipe, folder: Path, on_progress: Reporter) -> T5EncoderModel:
    if not (folder / "text_encoder" / "config.json").is_file():
        torch.manual_seed(recipe.seed)
        encoder = new_text_encoder()
        steps = recipe.steps(TEXT_STEPS)
        train_text_encoder(encoder, new_tokenizer(), steps=steps, seed=recipe.seed, on_progress=on_progress)
        _save_whole(encoder, folder / "text_encoder")
    return T5EncoderModel.from_pretrained(folder / "text_encoder").eval()


def _save_whole(model: nn.Module, folder: Path) -> None:
    """Save a model so that its folder appears only once it is complete."""
    with whole(folder) as part:
        model.save_pretrained(part)  # type: ignore[operator]
