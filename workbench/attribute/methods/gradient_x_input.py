"""Gradient times (input minus baseline): the first-order estimate of what Integrated Gradients integrates."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.attribute.registry import register_method


@register_method("gradient_x_input", "Gradient × input")
def gradient_x_input(problem: Problem) -> Iterable[Scored]:
    """Multiply the gradient at the text with the way from the baseline; one pass, and no completeness."""
    gradient = problem.gradients(problem.end[None])[0]
    return [Scored((gradient * (problem.end - problem.start)).sum(dim=-1))]
