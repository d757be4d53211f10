"""Important Direction Gradient Integration (Yang, Wang, Bilgic 2023, CVPR, arXiv 2303.14242)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.attribute.registry import register_method

STEPS: Final = 50


@register_method("idgi", "IDGI")
def idgi(problem: Problem) -> Iterable[Scored]:
    """Share out the decision's change of every step by the squared gradient; complete however few the steps."""
    steps = problem.settings.nodes or STEPS
    points = problem.along(torch.linspace(0, 1, steps + 1))
    changes = problem.values(points).diff()
    # What the path does not move cannot have changed the decision: prefix and end mark have gradients too.
    moved = problem.end != problem.start
    squares = (problem.gradients(points[:-1]).square() * moved).sum(dim=-1)
    shares = squares / squares.sum(dim=1, keepdim=True).clamp_min(torch.finfo(squares.dtype).tiny)
    return [Scored((changes[:, None] * shares).sum(dim=0), steps)]
