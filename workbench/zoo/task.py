"""Tasks by name: a task draws batches, and says how good outputs are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final, TypeVar

import torch
import torch.nn.functional as F

from workbench.registry import Registry
from workbench.zoo.shape import Shape

IGNORED: Final = -100


@dataclass(frozen=True)
class Batch:
    """Examples.

    Args:
        inputs: what the model is called with.
        targets: classes [batch] or [batch, length], or numbers like the outputs; -100 is not scored.
    """

    inputs: tuple[torch.Tensor, ...]
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.targets)


class Task(ABC):
    """Examples to learn from, and others to be measured on, all decided by seeds."""

    name: ClassVar[str]
    title: ClassVar[str]
    shape: Shape

    @abstractmethod
    def batch(self, size: int, generator: torch.Generator) -> Batch:
        """Draw examples to learn from."""

    @abstractmethod
    def test(self) -> Batch:
        """Return the examples to be measured on, always the same."""

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy in nats."""
        return F.cross_entropy(outputs.flatten(0, -2), targets.flatten(), ignore_index=IGNORED)

    def accuracy(self, outputs: torch.Tensor, targets: torch.Tensor) -> float:
        """Return the share of scored targets that the largest output meets."""
        scored = targets != IGNORED
        return float((outputs.argmax(-1) == targets)[scored].double().mean())

    def chance(self) -> float:
        """Return the accuracy of always answering what is most frequent among the test's targets."""
        targets = self.test().targets
        return float(targets[targets != IGNORED].bincount().max() / (targets != IGNORED).sum())


class RegressionTask(Task):
    """A task whose targets are numbers; its accuracy is the share of their variance that is explained."""

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error."""
        return F.mse_loss(outputs, targets)

    def accuracy(self, outputs: torch.Tensor, targets: torch.Tensor) -> float:
        """Return 1 - squared error / variance of the targets."""
        return float(1 - (outputs - targets).pow(2).mean() / targets.var(correction=0))

    def chance(self) -> float:
        """Return what the mean of the targets explains: nothing."""
        return 0.0


TaskClass = TypeVar("TaskClass", bound=type[Task])
_TASKS: Registry[type[Task]] = Registry("task", "workbench.zoo.tasks")
list_tasks = _TASKS.names


def register_task(name: str, title: str) -> Callable[[TaskClass], TaskClass]:
    """Return a decorator that registers a task.

    Raises:
        InputError: the name is not lower-case or is taken.
    """
    keep = _TASKS.register(name)

    def register(task: TaskClass) -> TaskClass:
        task.name, task.title = name, title
        return keep(task)

    return register


@cache
def find_task(name: str) -> Task:
    """Return the task of a name.

    Raises:
        InputError: there is none of this name.
    """
    return _TASKS[name]()
