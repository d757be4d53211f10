"""Count a model's parameters and multiply-adds without giving it memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from workbench.attention.variant import BASELINE
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.shape import Shape
from workbench.zoo.sites import operate_system
from workbench.zoo.system import Fact, System


@dataclass(frozen=True)
class Count:
    """A published figure beside what was counted.

    Args:
        variant: the configuration, and after a colon what its attention was given first.
        expected, measured: the figures.
        mark: how sure the expected one is.
        ok: whether they agree within the tolerance; a reported figure decides nothing.
        quantity: what is counted.
        note: what else must be known.
    """

    variant: str
    expected: float
    measured: float
    mark: str
    ok: bool
    quantity: str
    note: str = ""


def count_facts(name: str) -> list[Count]:
    """Build each published configuration of a system on the meta device and count what is stated about it."""
    system = find_system(name)
    return [_count(system, fact) for fact in system.facts]


def parameters(model: nn.Module) -> int:
    """Return the number of weights, shared ones once."""
    return sum(weight.numel() for weight in model.parameters())


def multiply_adds(model: nn.Module, shape: Shape) -> int:
    """Return the multiply-adds of matrix products and convolutions for one example."""
    model.eval()
    device = next(model.parameters()).device.type
    # The fallbacks count nothing in kernels that fuse attention.
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*shape.example(batch=1, device=device))
    return counter.get_total_flops() // 2


def _count(system: System, fact: Fact) -> Count:
    with torch.device("meta"):
        model = build_system(system.name, fact.variant)
    if fact.ablation != BASELINE:
        operate_system(system, model, fact.ablation, "scratch")
    measured = parameters(model) if fact.quantity == "parameters" else multiply_adds(model, system.shape)
    close = abs(measured - fact.expected) <= fact.tolerance * fact.expected
    variant = fact.variant if fact.ablation == BASELINE else f"{fact.variant}: {fact.ablation}"
    return Count(
        variant, fact.expected, measured, fact.mark, close or fact.mark == "reported", fact.quantity, fact.note
    )
