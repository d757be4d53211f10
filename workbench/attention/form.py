"""Forms that scores and values can take, by name; each is one decorated function in `workbench.attention.forms`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import nn

from workbench.attention.attention import Attention
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.registry import Registry

Mode = Literal["scratch", "convert"]
Fit = Literal["exact", "approximate", "impossible"]
# Mean logit of a token with itself at the start of training, for inputs of unit variance. With one projection for
# queries and keys a usual start makes it so large that a token sees itself alone.
DIAGONAL_LOGIT: Final = 1.0


@dataclass(frozen=True)
class Request:
    """What a form is made for.

    Args:
        mode: `scratch` starts weights for a training; `convert` comes as near as it can to the weights that are there.
        rank: head width of a symmetric or truncated form; chosen by the form unless given.
        inputs: what the attention gets on calibration data, [token, width]; what is lost then is what matters least
            for such inputs.
    """

    mode: Mode = "scratch"
    rank: int | None = None
    inputs: torch.Tensor | None = None


SCRATCH: Final = Request()
Build = Callable[[Attention, Request], nn.Module]
Refuse = Callable[[Attention], str | None]


@dataclass(frozen=True)
class Form:
    """A form of scores or values.

    Args:
        name: as it is asked for.
        part: which piece of an attention it replaces.
        title: as it is shown.
        exact: whether converting to it keeps the function.
        build: makes the new piece.
        refuse: says why an attention cannot take the form, or returns nothing.
        control: whether it is a negative control.
    """

    name: str
    part: Literal["scores", "values"]
    title: str
    exact: bool
    build: Build
    refuse: Refuse
    control: bool = False


_FORMS: Registry[Form] = Registry("form of attention", "workbench.attention.forms")
list_forms = _FORMS.names
find_form = _FORMS.__getitem__


def register_form(
    name: str,
    part: Literal["scores", "values"],
    title: str,
    refuse: Refuse,
    *,
    exact: bool = False,
    control: bool = False,
) -> Callable[[Build], Build]:
    """Return a decorator that registers what builds a form; see `Form`.

    Raises:
        InputError: the name is not lower-case or is taken.
    """
    keep = _FORMS.register(name)

    def register(build: Build) -> Build:
        keep(Form(name, part, title, exact, build, refuse, control))
        return build

    return register


def no_factors(attention: Attention) -> str | None:
    """Refuse scores without separate query and key projections."""
    if isinstance(attention.scores, FactoredScores):
        return None
    return "the scores have no separate query and key projections"


def not_square(attention: Attention) -> str | None:
    """Refuse scores that cannot be symmetric: of two streams, or with groups of queries on one key."""
    scores = attention.scores
    if not isinstance(scores, FactoredScores):
        return no_factors(attention)
    if attention.cross:
        return "queries and keys come from two streams, so symmetry has no meaning"
    if scores.key_heads != scores.heads:
        return f"{scores.heads} query heads share {scores.key_heads} key heads; one key projection a query is needed"
    return None


def not_bilinear(attention: Attention) -> str | None:
    """Refuse scores that are no bilinear form of the inputs."""
    scores = attention.scores
    if not isinstance(scores, FactoredScores):
        return no_factors(attention)
    if attention.rotary:
        return "rotary positions stand between projection and product"
    if scores.query_map is not None or scores.key_map is not None:
        return f"{_named(scores.query_map or scores.key_map)} stands between projection and product"
    return None


def not_linear(attention: Attention) -> str | None:
    """Refuse values that are no linear map of the context."""
    if not isinstance(attention.values, FactoredValues):
        return "the values have no separate value and output projections"
    if attention.values.value_map is not None:
        return f"{_named(attention.values.value_map)} stands between value projection and mixing"
    return None


def like(weight: torch.Tensor, reference: nn.Module) -> torch.Tensor:
    """Return a weight in the type and on the device of a module's own."""
    own = next(reference.parameters())
    return weight.detach().to(own.device, own.dtype).contiguous()


def linear(weight: torch.Tensor, reference: nn.Module, bias: torch.Tensor | None = None) -> nn.Linear:
    """Return a linear module of a weight [in, out] in the type and on the device of another module."""
    made = nn.utils.skip_init(nn.Linear, *weight.shape, bias=bias is not None)
    made.weight = nn.Parameter(like(weight.T, reference))
    if bias is not None:
        made.bias = nn.Parameter(like(bias, reference))
    return made


def _named(module: nn.Module | None) -> str:
    return f"a {type(module).__name__}"
