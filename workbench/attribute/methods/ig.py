"""Integrated Gradients (Sundararajan, Taly, Yan 2017, arXiv 1703.01365) through the token embeddings."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored, integrated_gradients
from workbench.attribute.registry import DEFAULT, register_method


@register_method(DEFAULT, "Integrated Gradients")
def ig(problem: Problem) -> Iterable[Scored]:
    """Integrate the gradient along the straight path from the baseline to the text."""
    return [integrated_gradients(problem)]
