"""The training loop: seeded by epoch, resumable after any end, keeps the weights with the lowest validation loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from torch import nn
from transformers import get_linear_schedule_with_warmup

from workbench.classify.tokens import batches_by_length
from workbench.errors import InputError
from workbench.files import whole

CLIP: Final = 1.0
BUCKET: Final = 20


class Objective(Protocol):
    """What is minimised."""

    def steps(self) -> int:
        """Return the number of batches of an epoch."""

    def losses(self, epoch: int) -> Iterator[torch.Tensor]:
        """Yield the loss of each batch of an epoch, a scalar."""

    def validation(self) -> float:
        """Return the loss on the validation split."""


@dataclass(frozen=True)
class TrainingProgress:
    """What `on_progress` gets.

    Args:
        stage: such as `seed 0`.
        step, steps: done, and in all.
        loss: mean over the epoch so far.
    """

    stage: str
    step: int
    steps: int
    loss: float


@dataclass
class Epochs:
    """How far a training is: the mean loss of each epoch, and its validation loss."""

    losses: list[float] = field(default_factory=list)
    validations: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def best(self) -> int:
        """The epoch whose weights are kept, counted from 0."""
        return int(np.argmin(self.validations))


@dataclass
class Loop:
    """Trains a network.

    Args:
        module: the network.
        objective: its loss.
        epochs: passes over the data.
        learning_rate: highest rate of AdamW without decay; linear warm-up, then linear decay to 0.
        warm_up: share of all steps in which it rises.
        seed: decides dropout; the objective's order has its own.
        path: file of the checkpoint.
        identity: hash of everything that decides the training; a checkpoint of another one is refused.
        stage: what to call it.
        on_progress: called after each step.
    """

    module: nn.Module
    objective: Objective
    epochs: int
    learning_rate: float
    warm_up: float
    seed: int
    path: Path
    identity: str
    stage: str
    on_progress: Callable[[TrainingProgress], None] | None = None

    def run(self) -> Epochs:
        """Train to the end, from the checkpoint if there is one, and leave the best weights in the network."""
        total = self.epochs * self.objective.steps()
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=self.learning_rate, weight_decay=0.0)
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, int(self.warm_up * total), total)
        self.kept: dict[str, torch.Tensor] = {}
        done = self._restore()
        with torch.random.fork_rng():
            while len(done.losses) < self.epochs:
                start = time.monotonic()
                done.losses.append(self._epoch(len(done.losses)))
                done.validations.append(self._validate())
                if done.best == len(done.losses) - 1:
                    self.kept = {name: value.clone() for name, value in self.module.state_dict().items()}
                done.seconds += time.monotonic() - start
                self._save(done)
        self.module.load_state_dict(self.kept)
        self.module.eval()
        return done

    def _epoch(self, epoch: int) -> float:
        """Pass over the data; random numbers depend on the seed and the epoch alone."""
        torch.manual_seed(self.seed * 1_000_003 + epoch)
        self.module.train()
        steps, total = self.objective.steps(), 0.0
        for step, loss in enumerate(self.objective.losses(epoch), 1):
            if not torch.isfinite(loss):
                raise InputError("a finite loss", f"{float(loss)} in epoch {epoch}", "lower the learning rate")
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), CLIP)
            self.optimizer.step()
            self.schedule.step()
            total += float(loss.detach())
            if self.on_progress is not None:
                self.on_progress(TrainingProgress(self.stage, epoch * steps + step, self.epochs * steps, total / step))
        return total / steps

    @torch.no_grad()
    def _validate(self) -> float:
        self.module.eval()
        return self.objective.validation()

    def _save(self, done: Epochs) -> None:
        """Write the state whole or not at all; a process that dies meanwhile leaves the one before."""
        state = {
            "identity": self.identity,
            "done": asdict(done),
            "weights": self.module.state_dict(),
            "kept": self.kept,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        with whole(self.path) as part:
            torch.save(state, part)

    def _restore(self) -> Epochs:
        if not self.path.is_file():
            return Epochs()
        state: dict[str, Any] = torch.load(self.path, weights_only=True)
        if state["identity"] != self.identity:
            raise InputError(
                "the data and settings with which this training began",
                f"others than those of {str(self.path)!r}",
                "repeat the command as it was, or give another folder",
            )
        self.module.load_state_dict(state["weights"])
        self.kept = state["kept"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        return Epochs(**state["done"])


def shuffled_batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> Iterator[list[int]]:
    """Yield all places in random order, in batches of similar length, of which there are ceil(texts / size)."""
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), BUCKET * size):
        near = order[start : start + BUCKET * size]
        batches += [[near[i] for i in batch] for batch in batches_by_length([lengths[place] for place in near], size)]
    for batch in rng.permutation(len(batches)):
        yield batches[int(batch)]
