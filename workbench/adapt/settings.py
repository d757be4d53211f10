"""Settings of an adapter's training, checked when they are made and stored with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from workbench.adapt.targets import PerSite
from workbench.errors import InputError
from workbench.metrics import list_readers
from workbench.models.precision import cpu_has_bfloat16

Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class AdapterSettings:
    """Everything that decides an adapter, besides model, found set and data.

    Args:
        rank: one rank, or one for each site by its name or index.
        alpha: one alpha, or one for each site; equal to the rank unless given. Strength is alpha / rank.
        projections: projections of each site's attention to train; see `resolve_targets`.
        steps: optimiser steps.
        batch: images of one forward pass; data that comes in batches of its own keeps their size.
        accumulation: forward passes of one step.
        learning_rate: of AdamW, constant; weight decay is 0.01, gradients are clipped to norm 1.
        ema: decay of the moving average of the weights, which is what is kept; None keeps the last weights.
        precision: of the forward pass; bfloat16 where a GPU has it, else float32, unless given.
        gradient_checkpointing: compute activations twice instead of keeping them.
        seed: decides first weights, order of images, noise and timesteps.
        height, width: pixels of training; the model's own unless given.
        prompts: prompts to validate with, whose text in double quotes should be read in the images; the first four
            captions that have one unless given.
        validate_every: steps between validations; at the end only unless given.
        save_every: steps between checkpoints.
        reader: name of the OCR engine.
        licence: licence of the adapter, for its header.
    """

    rank: PerSite = 4
    alpha: PerSite | None = None
    projections: Sequence[str] | None = None
    steps: int = 500
    batch: int = 4
    accumulation: int = 1
    learning_rate: float = 1e-3
    ema: float | None = None
    precision: Precision | None = None
    gradient_checkpointing: bool = False
    seed: int = 0
    height: int | None = None
    width: int | None = None
    prompts: Sequence[str] | None = None
    validate_every: int | None = None
    save_every: int = 100
    reader: str = "rapidocr"
    licence: str = "not stated"

    def __post_init__(self) -> None:
        sizes = (self.height, self.width)
        checks: Sequence[tuple[bool, str, Any]] = (
            (self.steps >= 1, "at least one step", self.steps),
            (self.batch >= 1, "at least one image a batch", self.batch),
            (self.accumulation >= 1, "at least one forward pass a step", self.accumulation),
            (0 < self.learning_rate < 1, "a learning rate between 0 and 1", self.learning_rate),
            (self.ema is None or 0 < self.ema < 1, "a decay between 0 and 1", self.ema),
            (self.precision in (None, *PRECISIONS), f"a precision out of {list(PRECISIONS)}", self.precision),
            (self.validate_every is None or self.validate_every >= 1, "steps of at least 1", self.validate_every),
            (self.save_every >= 1, "steps of at least 1", self.save_every),
            ((self.height is None) == (self.width is None), "both height and width, or none", sizes),
            (all(size is None or size >= 8 for size in sizes), "at least 8 pixels", sizes),
            (self.reader in list_readers(), f"a reader out of {list_readers()}", self.reader),
        )
        for holds, expected, got in checks:
            if not holds:
                raise InputError(expected, str(got), "change that setting")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self)
        for name in ("rank", "alpha"):
            if isinstance(data[name], Mapping):
                data[name] = {str(key): value for key, value in data[name].items()}
        for name in ("projections", "prompts"):
            data[name] = None if data[name] is None else list(data[name])
        return data


PRECISIONS: dict[Precision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def precision_on(device: torch.device, wanted: Precision | None) -> Precision:
    """Return the precision of the forward pass on a device.

    Raises:
        InputError: the device lacks the wanted one; a CPU without bfloat16 instructions is some 20 times slower in it.
    """
    if device.type == "cuda":
        available: tuple[Precision, ...] = ("float32", "float16")
        if torch.cuda.is_bf16_supported(including_emulation=False):
            available = ("bfloat16", *available)
    else:
        half = device.type == "cpu" and cpu_has_bfloat16()
        available = ("float32", "bfloat16") if half else ("float32",)
    if wanted is not None and wanted not in available:
        raise InputError(f"a precision that this {device.type} has ({', '.join(available)})", wanted, "use float32")
    return wanted or available[0]
