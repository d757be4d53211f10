"""Leave one out: what the decision loses when a single token is exchanged for the baseline's."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from captum.attr import FeatureAblation

from workbench.attribute.presence import features, presence_value, to_scores
from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.attribute.registry import register_method


@register_method("leave_one_out", "Leave one out")
def leave_one_out(problem: Problem) -> Iterable[Scored]:
    """Exchange each token alone; no gradient, and no completeness where tokens act together."""
    with torch.no_grad():
        lost = FeatureAblation(presence_value(problem)).attribute(
            features(problem), perturbations_per_eval=problem.settings.rows
        )
    return [Scored(to_scores(problem, lost[0]))]
