"""Give the attention sites of a model another form, in place, or say why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workbench.attention.form import SCRATCH, Request
from workbench.attention.host import host_of
from workbench.attention.variant import Variant, parse_variant
from workbench.errors import RefusedError


@dataclass(frozen=True)
class Operated:
    """What became of one site.

    Args:
        site: its path.
        reason: why it was left as it is; nothing if it took the form.
    """

    site: str
    reason: str | None = None


class NoBranch(nn.Module):
    """A silent residual branch: zeros in the shape of its input."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return torch.zeros_like(x)


def operate(
    model: nn.Module,
    variant: str | Variant,
    sites: Iterable[str],
    mlps: Sequence[str] = (),
    cross: Iterable[str] = (),
    request: Request | Mapping[str, Request] = SCRATCH,
) -> list[Operated]:
    """Give the sites of a model another form, in place; those that cannot take it stay as they are.

    Sites are exchanged for the project's own attention even if the variant changes none of them, so that all variants
    are computed by the same kernels and have an attention pattern to read.

    Args:
        model: the model.
        variant: its name, such as `symmetric+no_mlp`.
        sites: module paths of the attention sites.
        mlps: module paths of the MLP branches.
        cross: those of the sites whose context is another stream.
        request: whether for a training from scratch or a conversion; one for all, or one a site.

    Returns:
        What became of each site.

    Raises:
        InputError: no such variant.
        RefusedError: no site can take it, or there is no MLP to silence; the model is as it was.
    """
    chosen = parse_variant(variant) if isinstance(variant, str) else variant
    crossing = set(cross)
    done = []
    for path in sites:
        own = request if isinstance(request, Request) else request[path]
        done.append(_operate_site(model, path, chosen, path in crossing, own))
    reasons = {one.reason for one in done}
    if chosen.forms and None not in reasons:
        raise RefusedError(
            f"a site that can be {chosen.name}",
            "; ".join(sorted(filter(None, reasons))) or "no site",
            "choose another variant",
        )
    if chosen.no_mlp:
        if not mlps:
            raise RefusedError("a model with MLP branches", "a model without an MLP", "choose another variant")
        for path in mlps:
            model.set_submodule(path, NoBranch().train(model.training))
    return done


def _operate_site(model: nn.Module, path: str, variant: Variant, cross: bool, request: Request) -> Operated:
    module = model.get_submodule(path)
    training = module.training
    try:
        new = host_of(model, path).reform(module, variant, request, cross=cross)
    except RefusedError as error:
        return Operated(path, error.got)
    model.set_submodule(path, new.train(training))
    return Operated(path)
