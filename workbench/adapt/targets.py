"""Which modules an adapter changes: the projections of chosen sites by their full names, each with rank and alpha."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torch import nn

from workbench.errors import InputError
from workbench.models.model import Model
from workbench.sites.site import Site

PROJECTIONS: Final = ("to_q", "to_k", "to_v", "to_out.0", "add_k_proj", "add_v_proj")
PerSite = float | Mapping[Any, float]


@dataclass(frozen=True)
class Target:
    """One linear module of the denoiser that gets a low-rank addition of strength `alpha / rank`."""

    module: str
    rank: int
    alpha: float

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise InputError("a rank of at least 1", f"{self.rank} for {self.module}", "give another rank")
        if not self.alpha > 0:
            raise InputError("an alpha above 0", f"{self.alpha} for {self.module}", "give another alpha")


def resolve_targets(
    model: Model,
    sites: Sequence[Site],
    *,
    projections: Sequence[str] | None = None,
    rank: PerSite = 4,
    alpha: PerSite | None = None,
) -> tuple[Target, ...]:
    """Return the modules of the sites' attention that an adapter trains.

    Args:
        model: an opened model; weights are not needed.
        sites: sites of that model.
        projections: names of projections inside the attention, all of which every site must have. Unless given:
            those of `PROJECTIONS` that a site has, so queries, keys, values and output, and where text has
            projections of its own its keys and values.
        rank: one rank, or one for each site by its name or index.
        alpha: one alpha, or one for each site; equal to the rank (strength 1) unless given.

    Raises:
        InputError: a projection that a site lacks or that is not linear, a mapping that misses a site or names
            another one, a rank or an alpha out of range.
    """
    ranks = _per_site(rank, sites, "rank")
    alphas = ranks if alpha is None else _per_site(alpha, sites, "alpha")
    return tuple(
        Target(f"{site.name}.{name}", _whole(ranks[site.name]), float(alphas[site.name]))
        for site in sites
        for name in _projections(model, site, projections)
    )


def linear_module(model: Model, name: str) -> nn.Linear:
    """Return a linear module of the denoiser by its full name.

    Raises:
        InputError: there is no such module, or it is not linear.
    """
    try:
        module = model.denoiser.get_submodule(name)
    except AttributeError:
        module = None
    if not isinstance(module, nn.Linear):
        got = "no such module" if module is None else type(module).__name__
        raise InputError(f"a linear module {name!r} in {model.name!r}", got, "name one that the model has")
    return module


def count_parameters(model: Model, targets: Sequence[Target]) -> int:
    """Return how many weights an adapter on these targets has."""
    modules = [(target.rank, linear_module(model, target.module)) for target in targets]
    return sum(rank * (module.in_features + module.out_features) for rank, module in modules)


def _projections(model: Model, site: Site, wanted: Sequence[str] | None) -> list[str]:
    attention = model.denoiser.get_submodule(site.name)
    present = {name for name, module in attention.named_modules() if isinstance(module, nn.Linear)}
    if wanted is None:
        return [name for name in PROJECTIONS if name in present]
    missing = sorted(set(wanted) - present)
    if missing or not wanted:
        raise InputError(
            f"linear projections of {site.name} out of {sorted(present)}",
            ", ".join(missing) or "none",
            "name projections that every chosen site has",
        )
    return list(dict.fromkeys(wanted))


def _whole(rank: float) -> int:
    if rank != int(rank):
        raise InputError("a whole rank", str(rank), "give another rank")
    return int(rank)


def _per_site(value: PerSite, sites: Sequence[Site], what: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        return {site.name: value for site in sites}
    known = {str(key): site.name for site in sites for key in (site.name, site.index)}
    given = {known[str(key)]: number for key, number in value.items() if str(key) in known}
    if len(given) != len(value) or len(given) != len(sites):
        raise InputError(
            f"one {what} for each of the sites {', '.join(f'{site.index} ({site.name})' for site in sites)}",
            ", ".join(map(str, value)) or "an empty mapping",
            f"name each site once, or give one number as {what}",
        )
    return given
