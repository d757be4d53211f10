"""Find the sites and branches that a system declares in a model of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import nn

from workbench.attention.form import Mode, Request
from workbench.attention.surgery import Operated, operate
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


def operate_system(system: System, model: nn.Module, variant: str, mode: Mode) -> list[Operated]:
    """Give a model of a system another form, in place, at all declared sites; see `operate`.

    Raises:
        RefusedError: the variant is impossible.
    """
    sites = system_sites(system, model)
    cross = [site.name for site in sites if site.kind == "cross"]
    return operate(model, variant, [site.name for site in sites], system_mlps(system, model), cross, Request(mode))


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(r"\d+".join(re.escape(part) for part in pattern.split("*")))
