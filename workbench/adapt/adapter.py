"""A trained adapter as an object of its own: low-rank additions to named modules, with the evidence behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from workbench.adapt.targets import Target
from workbench.errors import InputError


@dataclass(frozen=True, eq=False)
class LowRank:
    """An addition to one linear module: its weight [out, in] grows by `alpha / rank * up @ down`.

    Args:
        down: float32 [rank, in].
        up: float32 [out, rank].
        alpha: strength before the division by the rank.
    """

    down: torch.Tensor
    up: torch.Tensor
    alpha: float

    @property
    def rank(self) -> int:
        """The rank."""
        return self.down.shape[0]

    def delta(self) -> torch.Tensor:
        """Return what is added to the weight, float32 [out, in]."""
        return self.alpha / self.rank * (self.up @ self.down)


@dataclass(frozen=True, eq=False)
class Adapter:
    """Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685) of some linear modules of a denoiser.

    Args:
        component: the denoiser's name in its pipeline, `unet` or `transformer`.
        layers: the additions, by the full name of the module inside the denoiser.
        evidence: where it comes from, as plain data: `model`, `fingerprint`, `licence`, `found`, `training`,
            `versions` and, in an exported file, `proof`. Empty for files of other tools.
    """

    component: str
    layers: Mapping[str, LowRank]
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The modules it changes, with rank and alpha."""
        return tuple(Target(name, layer.rank, layer.alpha) for name, layer in self.layers.items())

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        return sum(layer.down.numel() + layer.up.numel() for layer in self.layers.values())

    def scaled(self, factor: float) -> Adapter:
        """Return the adapter at a multiple of its strength; negative multiples push the other way."""
        layers = {name: replace(layer, up=layer.up * factor) for name, layer in self.layers.items()}
        return replace(self, layers=layers)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per module: rank, alpha, strength, parameters and the norm of what is added."""
        return pd.DataFrame(
            [
                {
                    "module": name,
                    "rank": layer.rank,
                    "alpha": layer.alpha,
                    "strength": layer.alpha / layer.rank,
                    "parameters": layer.down.numel() + layer.up.numel(),
                    "norm": float(layer.delta().norm()),
                }
                for name, layer in self.layers.items()
            ]
        )

    def save(self, path: str | Path) -> None:
        """Write the adapter with diffusers keys; `export_adapter` also proves that what it writes can be loaded."""
        from workbench.adapt.formats import write_file

        write_file(self, Path(path), "diffusers")

    @classmethod
    def load(cls, path: str | Path) -> Adapter:
        """Read a file that `save` or `export_adapter` wrote; `load_adapter` also checks it against a model."""
        from workbench.adapt.formats import read_file

        return read_file(Path(path))

    def __repr__(self) -> str:
        ranks = sorted({layer.rank for layer in self.layers.values()})
        base = self.evidence.get("model", "an unknown model")
        return f"Adapter({len(self.layers)} modules of {base}, rank {ranks}, {self.parameters:,} parameters)"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_dataframe().round(4).to_html(index=False, escape=True)


def stack_adapters(adapters: Sequence[Adapter], scales: Sequence[float] | None = None) -> Adapter:
    """Return one adapter that does what several do together.

    Where two change the same module, their ranks are put side by side, so the sum is exact.

    Args:
        adapters: at least one, all for the same component.
        scales: a strength for each; 1 unless given.

    Raises:
        InputError: none at all, another number of scales, or adapters that do not fit one model.
    """
    factors = [1.0] * len(adapters) if scales is None else list(scales)
    if not adapters or len(factors) != len(adapters) or len({one.component for one in adapters}) > 1:
        raise InputError(
            "adapters of one component and a scale for each",
            f"{[one.component for one in adapters]} and {len(factors)} scales",
            "give one scale per adapter",
        )
    layers: dict[str, LowRank] = {}
    for one in (adapter.scaled(factor) for adapter, factor in zip(adapters, factors, strict=True)):
        for name, layer in one.layers.items():
            layers[name] = _side_by_side(name, layers[name], layer) if name in layers else layer
    stack = [{"scale": factor, **one.evidence} for one, factor in zip(adapters, factors, strict=True)]
    shared = {name: adapters[0].evidence[name] for name in ("model", "fingerprint") if name in adapters[0].evidence}
    return Adapter(adapters[0].component, layers, {**shared, "stack": stack})


def _side_by_side(name: str, one: LowRank, other: LowRank) -> LowRank:
    if one.down.shape[1] != other.down.shape[1] or one.up.shape[0] != other.up.shape[0]:
        raise InputError(
            "adapters of one model",
            f"{name} of {one.up.shape[0]} x {one.down.shape[1]} and {other.up.shape[0]} x {other.down.shape[1]}",
            "stack adapters that were trained on the same model",
        )
    rank = one.rank + other.rank
    ups = [layer.up * (layer.alpha / layer.rank) for layer in (one, other)]
    return LowRank(torch.cat([one.down, other.down]), torch.cat(ups, dim=1), float(rank))
