"""Robustness of an attribution: infidelity, sensitivity, and whether it depends on the model's parameters at all."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Final

import torch
from captum.metrics import infidelity, sensitivity_max
from torchmetrics.functional import spearman_corrcoef

from workbench.attribute.presence import features, presence_value
from workbench.attribute.problem import Problem
from workbench.attribute.registry import Method
from workbench.classify.classifier import NeuralClassifier
from workbench.errors import RefusedError

BLOCKS: Final = 32
LONGEST: Final = 5
RADIUS: Final = 0.02
MOVES: Final = 3


def scores_of(method: Method, problem: Problem) -> torch.Tensor:
    """Return a method's scores [token]; the first layer's, where it has several."""
    return next(iter(method.run(problem))).scores


def block_infidelity(problem: Problem, scores: torch.Tensor) -> float:
    """Return the infidelity (Yeh et al. 2019, arXiv 1901.09392) under exchanged blocks of 1 to 5 neighbouring tokens.

    That is the mean squared difference between the loss that a block's scores announce and the one it causes, after
    the best scaling of the scores, as a share of the mean squared loss: 0 is a perfect forecast, 1 is none.
    """
    present, value = features(problem), presence_value(problem)
    blocks = _blocks(present.shape[1], problem.settings.seed).to(present)
    losses = value(present) - value(present - blocks)
    error = infidelity(
        value,
        lambda rows: (blocks, rows - blocks),
        present,
        scores[problem.content][None],
        n_perturb_samples=BLOCKS,
        normalize=True,
    )
    size = float(losses.square().mean())
    return float(error) / size if size else 0.0


def largest_sensitivity(method: Method, problem: Problem, scores: torch.Tensor) -> float:
    """Return how far the scores move, as a share of their norm, when the embeddings move by at most 2 % of their size.

    Sensitivity-max of Yeh et al. 2019: the largest of a few random moves of the content's embeddings.
    """
    radius = RADIUS * float(problem.end[problem.content].abs().mean())
    generator = torch.Generator().manual_seed(problem.settings.seed)

    def move(points: torch.Tensor) -> torch.Tensor:
        noise = (2 * torch.rand(points.shape, generator=generator) - 1).to(points) * radius
        return points + noise * problem.content[:, None]

    def explain(points: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        # Captum asks for the unmoved text first, and wraps that one alone in a tuple.
        if isinstance(points, tuple):
            return (scores[None],)
        return (torch.stack([_at(method, problem, point) for point in points]),)

    return float(sensitivity_max(explain, problem.end[None], move, n_perturb_samples=MOVES))


def rank_correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return Spearman's correlation of two rows of scores; 0 where one of them is constant or too short to rank."""
    if len(first) < 2 or float(first.std()) == 0 or float(second.std()) == 0:
        return 0.0
    return float(spearman_corrcoef(first.double(), second.double()))


def randomised(classifier: NeuralClassifier, seed: int) -> NeuralClassifier:
    """Return a copy whose weights are drawn anew (Adebayo et al. 2018, arXiv 1810.03292).

    Raises:
        RefusedError: none of its modules says how it is initialised.
    """
    other = copy.deepcopy(classifier)
    resets = [getattr(part, "reset_parameters", None) for part in other.module.modules()]
    fresh = [reset for reset in resets if callable(reset)]
    if not fresh:
        raise RefusedError("modules with `reset_parameters`", f"none in {classifier.name}", "leave this check out")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for reset in fresh:
            reset()
    return other


def _at(method: Method, problem: Problem, end: torch.Tensor) -> torch.Tensor:
    at_end = float(problem.values(end[None]))
    return scores_of(method, replace(problem, end=end, at_end=at_end))


def _blocks(tokens: int, seed: int) -> torch.Tensor:
    """Return random runs of neighbouring tokens as rows of ones, [block, token]."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.zeros(BLOCKS, tokens)
    for row in blocks:
        length = int(torch.randint(1, min(LONGEST, tokens) + 1, (), generator=generator))
        first = int(torch.randint(tokens - length + 1, (), generator=generator))
        row[first : first + length] = 1
    return blocks
