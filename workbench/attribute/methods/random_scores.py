"""Random scores: the control that every figure of quality is to be read against."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import torch

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.attribute.registry import register_method


@register_method("random", "Random")
def random_scores(problem: Problem) -> Iterable[Scored]:
    """Draw normal scores; the same text and seed give the same ones, and anything else gives others."""
    text = crc32(problem.end.cpu().numpy().tobytes())
    generator = torch.Generator().manual_seed(problem.settings.seed ^ text)
    drawn = torch.randn(len(problem.end), generator=generator).to(problem.end.device)
    return [Scored(drawn * problem.content)]
