"""Where a training stands, on disk: whole or not at all, and read without running anything in it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel

from workbench.adapt.result import Validation
from workbench.errors import InputError
from workbench.files import whole


@dataclass
class Progress:
    """How far a training is."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training in one file.

    Args:
        path: the file.
        identity: hash of everything that decides the training; a file of another one is refused.
        weights: the trained parameters, in order.
        optimizer, scaler, average: what changes beside them.
    """

    path: Path
    identity: str
    weights: list[torch.nn.Parameter]
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    average: EMAModel | None

    def save(self, progress: Progress) -> None:
        """Write the state; a process that dies meanwhile leaves the one before."""
        state = {
            "identity": self.identity,
            "progress": asdict(progress),
            "weights": [weight.detach() for weight in self.weights],
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }
        with whole(self.path) as part, part.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())

    def restore(self) -> Progress:
        """Take up the stored state, if there is one, and return how far it is.

        Raises:
            InputError: the file is of another training.
        """
        if not self.path.is_file():
            return Progress()
        device = self.weights[0].device
        state = torch.load(self.path, weights_only=True, map_location=device)
        if state["identity"] != self.identity:
            raise InputError(
                "the model, sites, data and settings with which this training began",
                f"others than those of {str(self.path)!r}",
                "repeat the command as it was, or give another folder",
            )
        with torch.no_grad():
            for weight, stored in zip(self.weights, state["weights"], strict=True):
                weight.copy_(stored)
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        return _progress(state["progress"])


def read_progress(path: Path) -> Progress:
    """Return how far a training is whose checkpoint lies there; nothing done if there is none."""
    if not path.is_file():
        return Progress()
    return _progress(torch.load(path, weights_only=True, map_location="cpu")["progress"])


def _progress(data: dict[str, Any]) -> Progress:
    return Progress(**{**data, "validations": [Validation.of(one) for one in data["validations"]]})
