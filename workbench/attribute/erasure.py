"""Faithfulness by erasure: what happens to the decision when tokens are exchanged in the order of their scores.

Comprehensiveness and sufficiency are ERASER's (DeYoung et al. 2020, arXiv 1911.03429), the area over the perturbation
curve is Samek's (2017, arXiv 1509.06321). All of them exchange a token for the baseline's, which is not what removal
of text would do, and favour methods that do the same; so they are to be read beside the controls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from workbench.attribute.presence import points
from workbench.attribute.problem import Problem

BINS: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
CURVE: Final = tuple(step / 20 for step in range(1, 21))


@dataclass(frozen=True)
class Erasure:
    """Figures of one text.

    Args:
        comprehensiveness: mean loss of the target's probability without the first 1, 5, 10, 20 and 50 % of the tokens;
            high is good.
        sufficiency: mean loss with these tokens alone; low is good.
        aopc: mean loss over the whole curve, tokens exchanged in steps of 5 %; high is good.
        flip: share of tokens exchanged until the classifier no longer chooses the target, 1 if it always does; low is
            good. None where it does not choose the target at first.
    """

    comprehensiveness: float
    sufficiency: float
    aopc: float
    flip: float | None


def erase(problem: Problem, scores: torch.Tensor) -> Erasure:
    """Exchange tokens from the highest score down.

    Args:
        problem: the decision.
        scores: of each token, [token]; only those of the content are used.
    """
    order = scores[problem.content].argsort(descending=True, stable=True)
    removed, kept = _presences(order, (*BINS, *CURVE)), 1 - _presences(order, BINS)
    present = torch.cat([torch.ones_like(removed[:1]), removed, kept])
    chances, chosen = _decided(problem, points(problem, present))
    losses = chances[0] - chances[1:]
    first, last = len(BINS), len(BINS) + len(CURVE)
    changed = [share for share, same in zip(CURVE, chosen[1 + first : 1 + last].tolist(), strict=True) if not same]
    return Erasure(
        comprehensiveness=float(losses[:first].mean()),
        sufficiency=float(losses[last:].mean()),
        aopc=float(losses[first:last].mean()),
        flip=(changed[0] if changed else 1.0) if chosen[0] else None,
    )


def _presences(order: torch.Tensor, shares: Sequence[float]) -> torch.Tensor:
    """Return presences [share, token] without the first tokens of an order, at least one of them."""
    present = torch.ones(len(shares), len(order), device=order.device)
    for row, share in enumerate(shares):
        present[row, order[: max(1, math.ceil(share * len(order)))]] = 0
    return present


def _decided(problem: Problem, embedded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the target's probability, and whether it is the classifier's choice, at points [row, token, width]."""
    decision = problem.decision
    with torch.no_grad():
        logits = torch.cat([decision.logits(part) for part in embedded.split(problem.settings.rows)])
    return logits.softmax(dim=1)[:, decision.label], logits.argmax(dim=1) == decision.label
