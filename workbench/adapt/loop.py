"""The training loop: seeded by step, resumable, with samples that are read as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers.training_utils import EMAModel

from workbench.adapt.attach import NAME
from workbench.adapt.checkpoint import Checkpoint, Progress
from workbench.adapt.data import BatchSource, pixel_batch
from workbench.adapt.objective import Objective, size_of
from workbench.adapt.result import Validation
from workbench.adapt.settings import PRECISIONS, AdapterSettings
from workbench.errors import InputError
from workbench.localize.pairs import QUOTED, quoted_text
from workbench.metrics import open_reader, score_texts
from workbench.patch.generate import Sampling, generate
from workbench.runs.images import write_image

CHECKPOINT: Final = "checkpoint.pt"
SAMPLES: Final = "samples"
PROMPTS: Final = 4


@dataclass(frozen=True)
class TrainingProgress:
    """What `on_progress` gets after each step.

    Args:
        step, steps: done, and in all.
        loss: mean squared error of the step.
        word_accuracy: of the validation at this step, if there was one.
        images: its sample images, uint8 RGB [height, width, 3].
        losses, validations: of the whole training so far, to be read only.
    """

    step: int
    steps: int
    loss: float
    word_accuracy: float | None
    images: tuple[np.ndarray, ...]
    losses: Sequence[float]
    validations: Sequence[Validation]


class Stopped(KeyboardInterrupt):
    """The training was asked to stop, at a moment from which it can go on."""


class Loop:
    """Trains the low-rank layers that are on a model.

    Args:
        objective: the loss.
        source: the data.
        settings: ranks, steps and so on, the precision chosen.
        folder: where checkpoint and samples go.
        layers: the layers to train, by module.
        identity: hash of everything that decides the training.
        on_progress: called after each step.
        should_stop: asked before each forward pass and at each denoiser call of a sample.
    """

    def __init__(
        self,
        objective: Objective,
        source: BatchSource,
        settings: AdapterSettings,
        folder: Path,
        layers: Mapping[str, Any],
        identity: str,
        on_progress: Callable[[TrainingProgress], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.objective, self.source, self.settings, self.folder = objective, source, settings, folder
        self.model, self.size = objective.model, size_of(objective)
        self.on_progress, self.should_stop = on_progress, should_stop
        self.reader = open_reader(settings.reader)
        quoted = [text for text in dict.fromkeys(source.captions) if QUOTED.search(text)]
        self.prompts = quoted[:PROMPTS] if settings.prompts is None else list(settings.prompts)
        sides = ("lora_A", "lora_B")
        self.weights = [getattr(layer, side)[NAME].weight for layer in layers.values() for side in sides]
        self.optimizer = torch.optim.AdamW(self.weights, lr=settings.learning_rate, weight_decay=0.01)
        self.average = None if settings.ema is None else EMAModel(self.weights, decay=settings.ema)
        assert settings.precision is not None
        self.dtype, device = PRECISIONS[settings.precision], self.model.device.type
        self.scaler = torch.amp.GradScaler(device, enabled=self.dtype is torch.float16)
        self.checkpoint = Checkpoint(
            folder / CHECKPOINT, identity, self.weights, self.optimizer, self.scaler, self.average
        )

    def run(self) -> Progress:
        """Train to the end, from the checkpoint if there is one, and leave the weights to keep in the layers."""
        progress = self.checkpoint.restore()
        try:
            with torch.random.fork_rng(), _recomputing(self.model.denoiser, self.settings.gradient_checkpointing):
                self._train(progress)
        except Stopped:
            self.checkpoint.save(progress)
            raise
        if self.average is not None:
            self.average.copy_to(self.weights)
        return progress

    def _train(self, progress: Progress) -> None:
        steps, save_every = self.settings.steps, self.settings.save_every
        # Also where it was stopped while samples were drawn.
        self._validate_if_due(progress)
        while progress.step < steps:
            start = time.monotonic()
            progress.losses.append(self._step(progress.step))
            progress.step += 1
            images = self._validate_if_due(progress)
            progress.seconds += time.monotonic() - start
            if progress.step == steps or progress.step % save_every == 0:
                self.checkpoint.save(progress)
            self._report(progress, images)

    def _check_stop(self, _: object = None) -> None:
        if self.should_stop is not None and self.should_stop():
            raise Stopped

    def _step(self, step: int) -> float:
        """Take one step; its random numbers depend on the seed and the step alone."""
        torch.manual_seed(self.settings.seed * 1_000_003 + step)
        share, total = self.settings.accumulation, 0.0
        for part in range(share):
            self._check_stop()
            batch = self.source.batch(step * share + part, self.settings.batch)
            pixels, prompts = pixel_batch(batch, *self.size)
            with torch.autocast(self.model.device.type, self.dtype, enabled=self.dtype is not torch.float32):
                loss = self.objective.loss(pixels, prompts)
            self.scaler.scale(loss / share).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach()) / share
        if not np.isfinite(total):
            raise InputError("a finite loss", f"{total} at step {step}", "lower the learning rate or use float32")
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.step(self.weights)
        return total

    def _validate_if_due(self, progress: Progress) -> tuple[np.ndarray, ...]:
        step, every = progress.step, self.settings.validate_every
        done = bool(progress.validations) and progress.validations[-1].step == step
        due = step in (0, self.settings.steps) or (every is not None and step % every == 0)
        return self._validate(progress) if due and not done else ()

    def _validate(self, progress: Progress) -> tuple[np.ndarray, ...]:
        """Draw the prompts with the weights that would be kept, store the images, and read them."""
        images: list[np.ndarray] = []
        sampling = Sampling.of(self.model)
        with self._kept_weights():
            for seed, prompt in enumerate(self.prompts):
                images.extend(generate(self.model, [prompt], [seed], sampling, on_call=self._check_stop).images)
        names = [f"{SAMPLES}/step-{progress.step:06d}-{place:02d}.png" for place in range(len(images))]
        if images:
            (self.folder / SAMPLES).mkdir(exist_ok=True)
        for name, image in zip(names, images, strict=True):
            write_image(self.folder / name, image)
        texts = tuple(self.reader.read(images)) if images else ()
        shown = zip(texts, self.prompts, strict=True)
        read = [(text, quoted_text(prompt)) for text, prompt in shown if QUOTED.search(prompt)]
        scores = score_texts(*zip(*read, strict=True)) if read else None
        accuracy, f1 = (None, None) if scores is None else (scores.word_accuracy, scores.f1)
        progress.validations.append(Validation(progress.step, accuracy, f1, tuple(names), texts))
        return tuple(images)

    @contextmanager
    def _kept_weights(self) -> Iterator[None]:
        if self.average is None:
            yield
            return
        self.average.store(self.weights)
        self.average.copy_to(self.weights)
        try:
            yield
        finally:
            self.average.restore(self.weights)

    def _report(self, progress: Progress, images: tuple[np.ndarray, ...]) -> None:
        if self.on_progress is not None:
            validated = progress.validations[-1]
            accuracy = validated.word_accuracy if validated.step == progress.step else None
            self.on_progress(
                TrainingProgress(
                    step=progress.step,
                    steps=self.settings.steps,
                    loss=progress.losses[-1],
                    word_accuracy=accuracy,
                    images=images,
                    losses=progress.losses,
                    validations=progress.validations,
                )
            )


@contextmanager
def _recomputing(denoiser: Any, wanted: bool) -> Iterator[None]:
    """Compute activations twice while the block runs, if wanted and not so anyway."""
    if not wanted or denoiser.is_gradient_checkpointing:
        yield
        return
    denoiser.enable_gradient_checkpointing()
    try:
        yield
    finally:
        denoiser.disable_gradient_checkpointing()
