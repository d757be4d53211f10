"""The handle under which every model is used."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from workbench.errors import InputError, RefusedError
from workbench.models.family import Family


@dataclass(frozen=True)
class Defaults:
    """What one generation uses when the user says nothing; None leaves the choice to the pipeline.

    Args:
        height, width: pixels.
        steps: denoising steps.
        guidance: strength of classifier-free guidance; at most 1 means none.
        call_arguments: further arguments of the pipeline call.
    """

    height: int | None = None
    width: int | None = None
    steps: int = 28
    guidance: float = 1.0
    call_arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Model:
    """An opened model.

    Args:
        name: what the user asked for.
        family: what its denoiser's family declares.
        denoiser: the module that holds the attention sites.
        component: the denoiser's name in the pipeline, `unet` or `transformer`.
        pipeline: the stock diffusers pipeline; None for `published:` models, which have no weights.
        defaults: what a generation uses when nothing else is said.
        note: one sentence a user should know about this model, shown in reports.
        glyph: whether it is a model of `workbench train-glyph`, which draws short words on a few things and no more.
    """

    name: str
    family: Family
    denoiser: nn.Module
    component: Literal["unet", "transformer"]
    pipeline: Any | None
    defaults: Defaults
    note: str = ""
    glyph: bool = False

    @property
    def total_parameters(self) -> int:
        """Number of parameters of the denoiser."""
        return sum(parameter.numel() for parameter in self.denoiser.parameters())

    @property
    def device(self) -> torch.device:
        """Where the denoiser computes."""
        return torch.device(getattr(self.pipeline, "_execution_device", next(self.denoiser.parameters()).device))

    def calls_per_step(self, guidance: float) -> int:
        """Denoiser calls of one denoising step at that guidance."""
        return 2 if self.family.guidance == "two_calls" and guidance > 1 else 1

    def rows_per_image(self, guidance: float) -> int:
        """Denoiser row-evaluations of one image and one step at that guidance."""
        return 2 if guidance > 1 else 1

    def fingerprint(self) -> str:
        """Hash of the denoiser's weights' names, shapes and sums, to tell two models apart; 16 hex digits."""
        digest = hashlib.sha256()
        for name, tensor in self.denoiser.state_dict().items():
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            if tensor.device.type != "meta":
                digest.update(f"{tensor.double().sum().item():.9e}".encode())
        return digest.hexdigest()[:16]

    def require_weights(self) -> None:
        """Raise if this is an architecture alone."""
        if self.pipeline is None:
            raise RefusedError(
                "a model with weights", f"{self.name!r}, an architecture alone", "open a folder or a hub id of it"
            )

    def require_fingerprint(self, expected: str) -> None:
        """Raise if the weights are not those of that fingerprint."""
        if self.fingerprint() != expected:
            raise InputError(
                f"the weights of {self.name!r} with fingerprint {expected}",
                self.fingerprint(),
                "open the model that was used then",
            )

    def __repr__(self) -> str:
        kind = type(self.pipeline).__name__ if self.pipeline is not None else "no weights"
        return f"Model({self.name!r}, family={self.family.name!r}, {kind}, {self.total_parameters:,} parameters)"


def defaults_of(pipeline: Any, family: Family) -> Defaults:
    """Read the default steps and guidance from the signature of a pipeline's call."""
    parameters = inspect.signature(type(pipeline).__call__).parameters
    guidance = parameters.get(family.guidance_argument)
    return Defaults(
        steps=int(parameters["num_inference_steps"].default or 28),
        guidance=float(guidance.default) if guidance is not None and guidance.default else 1.0,
    )
