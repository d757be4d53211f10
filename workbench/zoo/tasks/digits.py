"""Handwritten digits, 1,797 images of 8 x 8 pixels (scikit-learn's copy of the UCI set, CC BY 4.0)."""

from __future__ import annotations

from functools import cached_property

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task


class _Digits(Task):
    """Digits at a size; a fixed, stratified 40 % of them are the test."""

    size: int

    def __init__(self) -> None:
        self.shape = Shape("image", 10, size=self.size)

    @cached_property
    def _split(self) -> tuple[Batch, Batch]:
        images, labels = load_digits(return_X_y=True)
        pixels = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 1
        if self.size != 8:
            pixels = F.interpolate(pixels, size=self.size, mode="bilinear", align_corners=False)
        learn, test = train_test_split(range(len(labels)), test_size=0.4, random_state=0, stratify=labels)
        targets = torch.tensor(labels)
        return Batch((pixels[learn],), targets[learn]), Batch((pixels[test],), targets[test])

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        learn = self._split[0]
        rows = torch.randint(len(learn), (size,), generator=generator)
        return Batch((learn.inputs[0][rows],), learn.targets[rows])

    def test(self) -> Batch:
        return self._split[1]


@register_task("digits", "handwritten digits, 8 x 8 pixels")
class Digits(_Digits):
    """Digits as they are."""

    size = 8


@register_task("digits32", "handwritten digits, enlarged to 32 x 32 pixels")
class Digits32(_Digits):
    """Digits enlarged, for systems that halve the resolution several times."""

    size = 32
