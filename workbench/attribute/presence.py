"""A decision as a function of which content tokens are present; an absent one has the baseline's embedding."""

from __future__ import annotations

import torch

from workbench.attribute.problem import Problem, Value


def features(problem: Problem) -> torch.Tensor:
    """Return the presence of all content tokens: ones, [1, content token]."""
    return torch.ones(1, int(problem.content.sum()), device=problem.end.device)


def presence_value(problem: Problem) -> Value:
    """Return the margin as a function of presences [row, content token] between 0 and 1."""

    def value(present: torch.Tensor) -> torch.Tensor:
        return problem.values(points(problem, present))

    return value


def points(problem: Problem, present: torch.Tensor) -> torch.Tensor:
    """Return embeddings [row, token, width] in which absent content tokens are exchanged."""
    shares = torch.ones(len(present), len(problem.end), device=problem.end.device)
    shares[:, problem.content] = present.to(shares)
    return torch.lerp(problem.start, problem.end, shares[:, :, None])


def to_scores(problem: Problem, values: torch.Tensor) -> torch.Tensor:
    """Return values of the content tokens as scores of all tokens, 0 outside the content."""
    scores = torch.zeros(len(problem.end), device=values.device, dtype=values.dtype)
    scores[problem.content] = values
    return scores
