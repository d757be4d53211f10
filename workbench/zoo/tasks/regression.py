"""Linear regression in context (arXiv 2208.01066): points and values in turn, another linear function each example."""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, RegressionTask, register_task

WIDTH: Final = 4
POINTS: Final = 12
# No step of a training draws from this seed.
TEST_SEED: Final = 2**32
TEST: Final = 512


@register_task("regression", "values of a linear function of 4 variables from 12 points")
class Regression(RegressionTask):
    """Vectors `x_1, y_1, x_2, y_2, ...` of 4 channels, the values in the first one; `y_i` is due where `x_i` stands.

    Outputs where values stand are not scored. The first points cannot be known, so no model explains all variance.
    """

    shape = Shape("vectors", 1, each=True, channels=WIDTH, length=2 * POINTS)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        points = torch.randn(size, POINTS, WIDTH, generator=generator)
        slope = torch.randn(size, WIDTH, 1, generator=generator) / WIDTH**0.5
        values = points @ slope
        padded = torch.cat([values, torch.zeros(size, POINTS, WIDTH - 1)], dim=-1)
        targets = torch.stack([values, torch.zeros_like(values)], dim=2)
        return Batch((torch.stack([points, padded], dim=2).flatten(1, 2),), targets.flatten(1, 2))

    def test(self) -> Batch:
        return self.batch(TEST, torch.Generator().manual_seed(TEST_SEED))

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error where points stand."""
        return super().loss(outputs[:, ::2], targets[:, ::2])

    def accuracy(self, outputs: torch.Tensor, targets: torch.Tensor) -> float:
        """Return the share of the values' variance that is explained."""
        return super().accuracy(outputs[:, ::2], targets[:, ::2])
