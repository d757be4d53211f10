"""Shapley values by sampling permutations (Castro, Gómez, Tejada 2009; Štrumbelj and Kononenko 2010)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from captum.attr import ShapleyValueSampling

from workbench.attribute.presence import features, presence_value, to_scores
from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.attribute.registry import register_method


@register_method("shapley", "Shapley sampling")
def shapley(problem: Problem) -> Iterable[Scored]:
    """Average what each token adds when tokens come in random order; complete for any number of permutations."""
    present = features(problem)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(problem.settings.seed)
        added = ShapleyValueSampling(presence_value(problem)).attribute(
            present, n_samples=problem.settings.samples, perturbations_per_eval=problem.settings.rows
        )
    return [Scored(to_scores(problem, added[0]))]
