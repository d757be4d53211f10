"""Synthetic series with a level, a trend, two seasons and noise, to be forecast."""

from __future__ import annotations

from math import tau
from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, RegressionTask, register_task

PAST: Final = 48
FUTURE: Final = 12
PERIODS: Final = (12, 5)
NOISE: Final = 0.1
# No step of a training draws from this seed.
TEST_SEED: Final = 2**32
TEST: Final = 512


@register_task("series", "the next 12 of a series with trend and seasons, from 48")
class Series(RegressionTask):
    """Level and slope, and amplitude and phase of each season, differ between examples; the periods are 12 and 5."""

    shape = Shape("vectors", FUTURE, channels=1, length=PAST)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        time = torch.arange(PAST + FUTURE)
        level, slope = torch.randn(2, size, 1, generator=generator)
        series = level + slope * (time / PAST - 0.5)
        for period in PERIODS:
            amplitude, phase = torch.rand(2, size, 1, generator=generator)
            series = series + amplitude * torch.sin(tau * (time / period + phase))
        series = series + NOISE * torch.randn(series.shape, generator=generator)
        return Batch((series[:, :PAST, None],), series[:, PAST:])

    def test(self) -> Batch:
        return self.batch(TEST, torch.Generator().manual_seed(TEST_SEED))
