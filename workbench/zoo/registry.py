"""Systems by name: a system is a decorated builder in a file of its own, found by wildcard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from torch import nn

from workbench.errors import InputError
from workbench.registry import Registry
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Build, Capability, Claim, Fact, SitePattern, System
from workbench.zoo.task import find_task

_SYSTEMS: Registry[System] = Registry("system", "workbench.zoo.systems")
find_system: Final = _SYSTEMS.__getitem__


def register_system(
    name: str,
    *,
    title: str,
    paper: str,
    variants: tuple[str, ...],
    shape: Shape,
    task: str,
    sites: tuple[SitePattern, ...],
    mlps: tuple[str, ...],
    capabilities: Mapping[str, Capability],
    facts: tuple[Fact, ...],
    claim: Claim,
) -> Callable[[Build], Build]:
    """Return a decorator that registers the builder of a system; see `System` for the arguments.

    Raises:
        InputError: the name is not lower-case or is taken.
    """
    keep = _SYSTEMS.register(name)

    def register(build: Build) -> Build:
        keep(
            System(
                name, title, paper, build, variants, shape, task, sites, mlps, dict(capabilities), tuple(facts), claim
            )
        )
        return build

    return register


def list_systems(pattern: str = "*") -> list[str]:
    """Return the names of systems that match a shell pattern such as `vision/*`, in alphabetical order.

    Raises:
        InputError: none matches.
    """
    found = [name for name in _SYSTEMS.names() if fnmatchcase(name, pattern)]
    if not found:
        raise InputError(f"a system name or a pattern out of {_SYSTEMS.names()}", repr(pattern), "choose one of these")
    return found


def build_system(name: str, variant: str = TINY, shape: Shape | None = None) -> nn.Module:
    """Build a system with fresh weights.

    Args:
        name: as in `list_systems`.
        variant: a published configuration or `tiny`.
        shape: what `tiny` takes and returns; that of the system's own task unless given. Published configurations have
            their own.

    Returns:
        A module that is called with what `Shape` says and returns logits.

    Raises:
        InputError: no such system or variant, or inputs that it does not take.
    """
    system = find_system(name)
    if variant not in (TINY, *system.variants):
        raise InputError(f"a variant out of {[TINY, *system.variants]}", repr(variant), "choose one of these")
    if variant != TINY:
        return system.build(variant, system.shape)
    wanted = shape or find_task(system.task).shape
    if wanted.inputs != system.shape.inputs or wanted.each != system.shape.each:
        kinds = ["one output a token" if some.each else "one output" for some in (system.shape, wanted)]
        raise InputError(
            f"a task with {system.shape.inputs} and {kinds[0]} for {name}",
            f"{wanted.inputs} and {kinds[1]}",
            f"choose another task, such as {system.task}",
        )
    return system.build(TINY, wanted)
