"""Sequential Integrated Gradients (Enguehard 2023, Findings of ACL, arXiv 2305.15853)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored, integrate_between
from workbench.attribute.registry import register_method

NODES: Final = 8


@register_method("sequential_ig", "Sequential IG")
def sequential_ig(problem: Problem) -> Iterable[Scored]:
    """Integrate for one token at a time, which alone moves from the baseline to itself while the others stay.

    A score is complete for its token, which has a consequence: summed over the embedding's width it is what the
    decision loses without the token, so it converges to `leave_one_out`, at many times the passes. The paper's
    division by the norm of all scores is left out, so that they keep the decision's unit.
    """
    nodes = problem.settings.nodes or NODES
    places = problem.content.nonzero()[:, 0]
    rows = torch.arange(len(places), device=places.device)
    stops = problem.end.expand(len(places), -1, -1)
    starts = stops.clone()
    starts[rows, places] = problem.start[places]
    scores = torch.zeros(len(problem.end), device=problem.end.device)
    scores[places] = integrate_between(problem, starts, stops, nodes)[rows, places]
    return [Scored(scores, nodes)]
