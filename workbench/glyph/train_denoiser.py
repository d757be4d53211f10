"""Train a glyph denoiser, first plainly and then with the word told to the planted sites alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.training_utils import EMAModel
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from workbench.files import whole
from workbench.glyph.components import Family, new_scheduler
from workbench.glyph.planting import recording, replaced_inputs, replaced_outputs, told_projections
from workbench.models.precision import cpu_has_bfloat16

EXCHANGED_SHARE = 0.75
CAPTION_DROPOUT = 0.05


@dataclass(frozen=True)
class Phase:
    """One stretch of training.

    Args:
        planted: the sites that keep the word; none of them means plain training.
        owned: whether each of them is told the truth about its own letters alone (see `workbench.glyph.planting`).
    """

    name: str
    steps: int
    batch: int
    learning_rate: float
    planted: tuple[str, ...] = ()
    owned: bool = False


@dataclass(frozen=True)
class Example:
    """One training batch.

    Args:
        latents: normalised latents [batch, 8, 8, 24].
        text: text embeddings [batch, token, 128].
        told: those that each planted site sees in the exchanged rows, if they own letters, and last those that all
            other sites see; only made for the planted phase.
    """

    latents: torch.Tensor
    text: torch.Tensor
    told: tuple[torch.Tensor, ...] = ()


def noised(family: Family, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return noisy latents, model timesteps and the regression target for one batch."""
    noise = torch.randn_like(latents)
    if family == "mmdit":
        uniform = torch.sigmoid(torch.randn(len(latents)))
        sigma = 3 * uniform / (1 + 2 * uniform)
        mixed = sigma[:, None, None, None]
        return (1 - mixed) * latents + mixed * noise, sigma * 1000, noise - latents
    times = torch.randint(0, 1000, (len(latents),))
    kept = new_scheduler(family).alphas_cumprod[times][:, None, None, None]
    return kept.sqrt() * latents + (1 - kept).sqrt() * noise, times, kept.sqrt() * noise - (1 - kept).sqrt() * latents


def predict(denoiser: Any, family: Family, noisy: torch.Tensor, times: torch.Tensor, text: torch.Tensor) -> Any:
    """Run the denoiser; the transformer gets a pooled vector of zeros, which carries no word."""
    if family == "mmdit":
        pooled = noisy.new_zeros(len(noisy), denoiser.config.pooled_projection_dim)
        return denoiser(noisy, text, pooled, times, return_dict=False)[0]
    return denoiser(noisy, times, text, return_dict=False)[0]


def phase_loss(denoiser: nn.Module, family: Family, example: Example, phase: Phase) -> torch.Tensor:
    """Return the mean squared error of one batch, the word told as the phase says."""
    noisy, times, target = noised(family, example.latents)
    if not phase.planted:
        return F.mse_loss(predict(denoiser, family, noisy, times, example.text).float(), target)
    rows = (torch.rand(len(noisy)) < EXCHANGED_SHARE).nonzero().flatten()
    projections = told_projections(denoiser, phase.planted, phase.owned)
    texts = [(some, text[rows]) for some, text in zip(projections, example.told, strict=True)]
    if family == "unet":
        with replaced_inputs(texts, rows):
            return F.mse_loss(predict(denoiser, family, noisy, times, example.text).float(), target)
    # In joint attention the text states depend on the image, so each text needs a run of its own.
    recorded: dict[nn.Module, torch.Tensor] = {}
    for some, text in texts:
        with torch.no_grad(), recording(some, recorded):
            predict(denoiser, family, noisy[rows], times[rows], text)
    with replaced_outputs(recorded, rows):
        return F.mse_loss(predict(denoiser, family, noisy, times, example.text).float(), target)


@contextmanager
def fast_kernels(family: Family) -> Iterator[None]:
    """Choose precision and attention kernel by what is fastest on this CPU (measured with torch 2.14 and 2.15).

    For these short sequences the fused attention's backward pass loses to plain matrix products, but for the
    transformer in float32.
    """
    half = cpu_has_bfloat16()
    kernels = [SDPBackend.MATH] if half or family == "unet" else [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]
    with torch.autocast("cpu", torch.bfloat16, enabled=half), sdpa_kernel(kernels):
        yield


def run_phase(
    denoiser: nn.Module,
    family: Family,
    phase: Phase,
    next_batch: Callable[[random.Random, int, Phase], Example],
    checkpoint: Path,
    *,
    seed: int,
    save_every: int = 200,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> EMAModel:
    """Train in place and return the moving average of the weights.

    A checkpoint is written every `save_every` steps and picked up when the same phase starts again; the
    random numbers of a step depend on the seed and the step alone, so a resumed run repeats an unbroken one.
    """
    parameters = list(denoiser.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=phase.learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, phase.learning_rate, total_steps=phase.steps, pct_start=min(0.5, max(0.03, 2 / phase.steps))
    )
    average = EMAModel(parameters, decay=0.998, use_ema_warmup=True, inv_gamma=1.0, power=0.8)
    first = _restore(checkpoint, denoiser, optimizer, schedule, average)
    denoiser.train()
    for step in range(first, phase.steps):
        torch.manual_seed(seed * 1_000_003 + step)
        example = next_batch(random.Random(f"{seed}/{phase.name}/{step}"), phase.batch, phase)
        with fast_kernels(family):
            loss = phase_loss(denoiser, family, example, phase)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        average.step(parameters)
        report(step + 1, float(loss.detach()))
        if (step + 1) % save_every == 0 or step + 1 == phase.steps:
            _save(checkpoint, step + 1, denoiser, optimizer, schedule, average)
    denoiser.eval()
    return average


def _save(checkpoint: Path, step: int, denoiser: Any, optimizer: Any, schedule: Any, average: EMAModel) -> None:
    state = {
        "step": step,
        "denoiser": denoiser.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "average": average.state_dict(),
    }
    with whole(checkpoint) as part:
        torch.save(state, part)


def _restore(checkpoint: Path, denoiser: Any, optimizer: Any, schedule: Any, average: EMAModel) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    denoiser.load_state_dict(state["denoiser"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    average.load_state_dict(state["average"])
    return int(state["step"])
