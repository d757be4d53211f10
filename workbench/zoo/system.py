"""What an entry of the zoo declares about a system, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from torch import nn

from workbench.attention.variant import BASELINE, list_variants
from workbench.zoo.shape import Shape

Mark = Literal["verified", "derived", "reported"]
Quantity = Literal["parameters", "multiply_adds"]
Fit = Literal["exact", "approximate", "impossible"]
Verdict = Literal["holds", "does not hold at this size", "not testable offline"]
TINY: Final = "tiny"


@dataclass(frozen=True)
class Fact:
    """A published figure.

    Args:
        variant: the configuration that it is about.
        expected: the figure.
        mark: `verified` was read in a source, `derived` follows from a verified configuration, `reported` is only
            shown and never decides a check.
        quantity: what is counted.
        tolerance: relative; published figures are often rounded.
        ablation: variant of attention that the configuration is given first.
        note: what else must be known about it.
    """

    variant: str
    expected: float
    mark: Mark = "derived"
    quantity: Quantity = "parameters"
    tolerance: float = 0.0
    ablation: str = BASELINE
    note: str = ""


@dataclass(frozen=True)
class SitePattern:
    """Where a kind of attention sits: a module path in which `*` stands for a number.

    Args:
        pattern: such as `blocks.*.attention`.
        kind: `self`, `causal`, `cross`, `window`, `linear`, `relative`, `pattention`, `ssm` or `pool`.
    """

    pattern: str
    kind: str = "self"


@dataclass(frozen=True)
class Capability:
    """What may be done to a system's sites.

    Args:
        fit: `exact` conversion keeps the function; `approximate` needs training; `impossible` is refused.
        reason: why it is not exact.
    """

    fit: Fit
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an experiment showed.

    Args:
        verdict: whether the claim holds.
        figures: measured figures by name.
    """

    verdict: Verdict
    figures: Mapping[str, float] = field(default_factory=dict)


Experiment = Callable[[Sequence[int], float], Outcome]


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and a small experiment on it.

    Args:
        statement: one sentence.
        experiment: gets the seeds and the share of its usual steps to spend; under three minutes on two cores at 1.
    """

    statement: str
    experiment: Experiment


Build = Callable[[str, Shape], nn.Module]


@dataclass(frozen=True)
class System:
    """An entry of the zoo.

    Args:
        name: `family/name`.
        title: of the paper.
        paper: arXiv id.
        build: makes the model of a variant; `tiny` fits the shape of a task, the published ones have their own.
        variants: the published configurations.
        shape: what the published configurations take and return.
        task: what `tiny` is trained on unless another task is asked for.
        sites: where attention sits.
        mlps: module paths of the MLP branches, `*` for a number.
        capabilities: by name of a variant of attention.
        facts: published figures.
        claim: what the paper claims.
    """

    name: str
    title: str
    paper: str
    build: Build
    variants: tuple[str, ...]
    shape: Shape
    task: str
    sites: tuple[SitePattern, ...]
    mlps: tuple[str, ...]
    capabilities: Mapping[str, Capability]
    facts: tuple[Fact, ...]
    claim: Claim

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]


def softmax_attention(impossible: Mapping[str, str] | None = None) -> dict[str, Capability]:
    """Return what plain softmax attention admits, with exceptions and their reasons.

    Args:
        impossible: variants that this system refuses, with the reason.
    """
    exact = ("collapsed_qk", "collapsed_vo")
    wanted = [name for name in list_variants() if name != BASELINE]
    found = {
        name: Capability("exact") if name in exact else Capability("approximate", "the function changes")
        for name in wanted
    }
    return found | {name: Capability("impossible", reason) for name, reason in (impossible or {}).items()}


def rotary_attention(impossible: Mapping[str, str] | None = None) -> dict[str, Capability]:
    """Return what attention with rotary positions admits, with exceptions and their reasons."""
    reason = "rotary positions stand between projection and product"
    broken = ("collapsed_qk", "low_rank_qk", "random_symmetric")
    return softmax_attention({**dict.fromkeys(broken, reason), **(impossible or {})})
