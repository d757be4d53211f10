"""Integrated Gradients along a straight path, with a fixed number of nodes or with a certificate.

A fixed number of nodes says nothing about its own error, and ReLU networks after RMS norms are rough where the path
leaves the baseline: 50 nodes can miss a tenth of the decision. So the path is cut into panels, each integrated by
Gauss-Legendre quadrature in one piece and in two halves. Panels whose halves disagree most with their whole are cut
again, and no gradient is thrown away. The result is certified once two facts hold: the scores add up to the change of
the decision, known from two forward passes, and the quadrature by wholes agrees with that by halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from captum.attr import IntegratedGradients

from workbench.attribute.problem import Problem

RULE: Final = "gausslegendre"
NODES: Final = 3
# Wholes err far more than halves, and only the halves are returned: measured on trained networks, their error stays
# under twice the bound while the two differ by five times the bound.
AGREEMENT: Final = 5
# Share of the disagreement that the panels cut in one round make up (Dörfler's marking): fewer, larger batches.
MARKED: Final = 0.8
USUAL_STEPS: Final = 50
Stretch = tuple[float, float]
PATH: Final[Stretch] = (0.0, 1.0)


@dataclass(frozen=True)
class Scored:
    """What a method says about one text.

    Args:
        scores: one for each token, [token].
        nodes: gradients taken along the path, of methods that integrate.
        certified: whether two orders agreed and the gap is under the bound; None where nothing was certified.
        curve: the relative gap after each number of nodes.
        layer: the module whose output was attributed to; empty for the input.
    """

    scores: torch.Tensor
    nodes: int | None = None
    certified: bool | None = None
    curve: tuple[tuple[int, float], ...] = ()
    layer: str = ""


@dataclass(frozen=True)
class Panel:
    """A stretch of the path with its part of the scores [token], integrated in one piece and in two halves."""

    stretch: Stretch
    whole: torch.Tensor
    halves: tuple[torch.Tensor, torch.Tensor]

    @property
    def scores(self) -> torch.Tensor:
        """The better of the two results."""
        return self.halves[0] + self.halves[1]

    @property
    def disagreement(self) -> float:
        """How far the two results are apart, summed over the tokens."""
        return float((self.whole - self.scores).abs().sum())


def integrated_gradients(problem: Problem) -> Scored:
    """Integrate with the settings' number of nodes, or refine until the result is certified."""
    nodes = problem.settings.nodes
    if nodes is None:
        return certify(problem)
    scores = integrate(problem, [PATH], nodes)[0]
    return Scored(scores, nodes, None, ((nodes, problem.gap(scores)),))


def integrate(problem: Problem, stretches: Sequence[Stretch], nodes: int) -> torch.Tensor:
    """Return Integrated Gradients over stretches of the path, [stretch, token].

    A stretch of a straight path is a straight path, so each is a plain call of Captum with ends of its own.
    """
    stops, starts = (problem.along(torch.tensor([stretch[side] for stretch in stretches])) for side in (1, 0))
    return integrate_between(problem, starts, stops, nodes)


def integrate_between(problem: Problem, starts: torch.Tensor, stops: torch.Tensor, nodes: int) -> torch.Tensor:
    """Return Integrated Gradients [path, token] along straight paths, signed sums over the width.

    Args:
        problem: the decision.
        starts, stops: ends of the paths, [path, token, width].
        nodes: Gauss-Legendre nodes of each.
    """
    method, rows = IntegratedGradients(problem.value), problem.settings.rows
    parts = [
        method.attribute(stop, start, n_steps=nodes, method=RULE, internal_batch_size=rows)
        for stop, start in zip(*(ends.split(max(1, rows // nodes)) for ends in (stops, starts)), strict=True)
    ]
    return torch.cat(parts).sum(dim=-1).detach()


def certify(problem: Problem) -> Scored:
    """Refine until wholes and halves agree and the gap is under the bound, or the most nodes are spent."""
    bound, most = problem.settings.bound, problem.settings.most_nodes
    whole, *halves = integrate(problem, [PATH, *_halves(PATH)], NODES)
    panels = [Panel(PATH, whole, (halves[0], halves[1]))]
    spent, curve = 3 * NODES, list[tuple[int, float]]()
    while True:
        scores = torch.stack([panel.scores for panel in panels]).sum(dim=0)
        curve.append((spent, problem.gap(scores)))
        if curve[-1][1] <= bound and _agree(panels, scores, AGREEMENT * bound):
            return Scored(scores, spent, True, tuple(curve))
        kept, cut = _marked(panels)
        cost = 4 * NODES * len(cut)
        if spent + cost > most:
            return Scored(scores, spent, False, tuple(curve))
        stretches = [half for panel in cut for half in _halves(panel.stretch)]
        panels = kept + _halved(problem, stretches, torch.stack([half for panel in cut for half in panel.halves]))
        spent += cost


def _agree(panels: Sequence[Panel], scores: torch.Tensor, bound: float) -> bool:
    wholes = torch.stack([panel.whole for panel in panels]).sum(dim=0)
    return float((wholes - scores).abs().sum()) <= bound * float(scores.abs().sum())


def _marked(panels: Sequence[Panel]) -> tuple[list[Panel], list[Panel]]:
    """Return the panels to keep, and the fewest that make up the marked share of the disagreement."""
    ranked = sorted(panels, key=lambda panel: -panel.disagreement)
    sums = torch.tensor([panel.disagreement for panel in ranked], dtype=torch.float64).cumsum(0)
    count = int((sums < MARKED * sums[-1]).sum()) + 1
    return ranked[count:], ranked[:count]


def _halved(problem: Problem, stretches: Sequence[Stretch], wholes: torch.Tensor) -> list[Panel]:
    """Return panels of stretches whose wholes are known, by integrating their halves."""
    halves = integrate(problem, [half for stretch in stretches for half in _halves(stretch)], NODES)
    return [
        Panel(stretch, whole, (first, second))
        for stretch, whole, first, second in zip(stretches, wholes, halves[::2], halves[1::2], strict=True)
    ]


def _halves(stretch: Stretch) -> tuple[Stretch, Stretch]:
    middle = (stretch[0] + stretch[1]) / 2
    return (stretch[0], middle), (middle, stretch[1])
