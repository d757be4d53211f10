"""What a model family declares: where its attention reads text, and how its pipeline is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

Span = Literal["all", "text_first", "image_first"]


@dataclass(frozen=True)
class SiteRule:
    """How to recognise one kind of attention site and where its text keys and values are made.

    Args:
        kind: `cross`, `added_kv`, `joint` or `single_stream`.
        path: regular expression that matches the whole module path of the attention inside the denoiser.
        key: name of the submodule whose output holds the text keys.
        value: name of the submodule whose output holds the text values.
        span: which tokens of that output are text: all of them, or the first or last of a joint sequence.
        mask_argument: keyword argument of the attention's forward that holds a text mask with one row per
            batch row; where a row's keys are replaced by another row's, its mask must come along.
    """

    kind: Literal["cross", "added_kv", "joint", "single_stream"]
    path: str
    key: str
    value: str
    span: Span = "all"
    mask_argument: str | None = None


@dataclass(frozen=True)
class Family:
    """One family of denoisers.

    Args:
        name: lower-case name shown to users.
        denoisers: class names of the stock denoisers that belong to the family.
        rules: the kinds of sites it has.
        dry_inputs: makes the smallest keyword arguments of one denoiser forward on the denoiser's own device
            (two rows); used on a copy without weights to record the order in which sites run.
        guidance: `batched` runs both halves in one denoiser call as [negative, positive]; `two_calls` runs
            the positive rows first and then the negative ones.
        guidance_argument: the pipeline argument that sets the strength of classifier-free guidance.
        call_arguments: further fixed arguments of the pipeline call.
        extra_text_tokens: tokens that the denoiser itself puts before the text, given its configuration.
    """

    name: str
    denoisers: tuple[str, ...]
    rules: tuple[SiteRule, ...]
    dry_inputs: Callable[[nn.Module], dict[str, Any]]
    guidance: Literal["batched", "two_calls"] = "batched"
    guidance_argument: str = "guidance_scale"
    call_arguments: dict[str, Any] = field(default_factory=dict)
    extra_text_tokens: Callable[[Any], int] = lambda config: 0


_FAMILIES: dict[str, Family] = {}


def register_family(family: Family) -> Family:
    """Add a family; called at the end of its file in `workbench/models/families`."""
    if family.name in _FAMILIES or family.name != family.name.lower():
        raise ValueError(f"expected a new lower-case family name, got {family.name!r}; rename it")
    _FAMILIES[family.name] = family
    return family


def list_families() -> list[Family]:
    """Return every registered family, by name."""
    import workbench.models.families  # noqa: F401  its import registers them

    return [_FAMILIES[name] for name in sorted(_FAMILIES)]


def family_of(denoiser: nn.Module) -> Family | None:
    """Return the family a denoiser belongs to by its class or a parent class, or None."""
    names = {cls.__name__ for cls in type(denoiser).__mro__}
    return next((family for family in list_families() if names & set(family.denoisers)), None)


def zeros_like_weights(denoiser: nn.Module, *shape: int) -> torch.Tensor:
    """Return zeros on the device and in the dtype of the denoiser's weights."""
    weight = next(denoiser.parameters())
    return torch.zeros(shape, device=weight.device, dtype=weight.dtype)
