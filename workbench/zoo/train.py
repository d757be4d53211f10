"""Train a small model on a task, and measure it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
import torch
from torch import nn

from workbench.zoo.task import Task


@dataclass(frozen=True)
class Training:
    """How a model is trained: AdamW with one cycle of the learning rate.

    Args:
        steps: number of updates.
        batch: examples a step.
        learning_rate: the highest of the cycle.
        weight_decay: of all parameters with more than one dimension.
    """

    steps: int = 300
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01

    def shortened(self, effort: float) -> Training:
        """Return a training of a share of the steps, at least 2."""
        return Training(max(2, round(self.steps * effort)), self.batch, self.learning_rate, self.weight_decay)


@dataclass(frozen=True)
class Score:
    """How good a model is on the test of a task."""

    loss: float
    accuracy: float


def seed_everything(seed: int) -> None:
    """Seed all generators that a model or a task may draw from."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def fit(
    model: nn.Module,
    task: Task,
    training: Training,
    *,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train a model in place; what a step learns from is decided by the seed and the step alone."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": training.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=max(2, training.steps), pct_start=0.2
    )
    model.train()
    for step in range(training.steps):
        batch = task.batch(training.batch, torch.Generator().manual_seed(seed * 1_000_003 + step))
        loss = task.loss(model(*batch.inputs), batch.targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        on_step(step + 1, float(loss.detach()))
    model.eval()


@torch.no_grad()
def outputs(model: nn.Module, inputs: Sequence[torch.Tensor], rows: int = 128) -> torch.Tensor:
    """Return a model's outputs in evaluation mode, computed in pieces."""
    model.eval()
    pieces = zip(*(part.split(rows) for part in inputs), strict=True)
    return torch.cat([model(*piece) for piece in pieces])


def score(model: nn.Module, task: Task) -> Score:
    """Measure a model on the test of a task."""
    test = task.test()
    found = outputs(model, test.inputs)
    return Score(float(task.loss(found, test.targets)), task.accuracy(found, test.targets))


def compare_arms(
    arms: Mapping[str, Callable[[], nn.Module]], task: Task, training: Training, seeds: Sequence[int]
) -> dict[str, list[Score]]:
    """Train models that differ in one thing, alike in all else.

    Args:
        arms: builders by name; each is called once a seed, with all generators seeded alike.
        task: what they learn.
        training: how.
        seeds: of weights and examples.

    Returns:
        The scores of each arm, one a seed.
    """
    found: dict[str, list[Score]] = {name: [] for name in arms}
    for seed in seeds:
        for name, build in arms.items():
            seed_everything(seed)
            model = build()
            fit(model, task, training, seed=seed)
            found[name].append(score(model, task))
    return found


def figures(scores: Mapping[str, Sequence[Score]]) -> dict[str, float]:
    """Return mean and standard deviation over seeds of each arm's accuracy, and its mean loss."""
    found: dict[str, float] = {}
    for name, some in scores.items():
        accuracies = [one.accuracy for one in some]
        found[f"accuracy {name}"] = fmean(accuracies)
        found[f"sd {name}"] = stdev(accuracies) if len(accuracies) > 1 else 0.0
        found[f"loss {name}"] = fmean(one.loss for one in some)
    return found


def mean_accuracy(scores: Sequence[Score]) -> float:
    """Return the mean accuracy over seeds."""
    return fmean(one.accuracy for one in scores)
