"""Find the sites and branches that a system declares in a model of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import nn

from workbench.zoo.system import System


@dataclass(frozen=True)
class ZooSite:
    """An attention site of a zoo system.

    Args:
        name: module path.
        kind: as declared; see `SitePattern`.
    """

    name: str
    kind: str


def system_sites(system: System, model: nn.Module) -> list[ZooSite]:
    """Return the declared sites that a model has, in the order of registration."""
    rules = [(_rule(site.pattern), site.kind) for site in system.sites]
    return [ZooSite(path, kind) for path, _ in model.named_modules() for rule, kind in rules if rule.fullmatch(path)]


def system_mlps(system: System, model: nn.Module) -> list[str]:
    """Return the paths of the declared MLP branches that a model has."""
    rules = [_rule(pattern) for pattern in system.mlps]
    return [path for path, _ in model.named_modules() if any(rule.fullmatch(path) for rule in rules)]


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(r"\d+".join(re.escape(part) for part in pattern.split("*")))
