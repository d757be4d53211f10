"""What a conversion changed, as objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from workbench.files import write_whole


@dataclass(frozen=True)
class SiteChange:
    """What became of one site, measured in float64 on what the site gets in the unchanged model.

    Args:
        site: its path.
        reason: why it was left as it is; nothing if it took the form.
        symmetry: tr(GG) / |G|^2 of its heads before, the mean, from -1 to 1; nothing if it has no square form.
        self_weight: mean weight that a token gives itself before; nothing for cross attention.
        logit_error: change of the logits, row means taken out, relative to them (Frobenius).
        variation: mean total variation between rows of the pattern before and after.
        variation_max: the largest of these.
        variation_bound: the largest tanh(osc / 4) of a row's change of logits, which no variation exceeds.
        output_error: change of the output relative to it (Frobenius).
    """

    site: str
    reason: str | None = None
    symmetry: float | None = None
    self_weight: float | None = None
    logit_error: float | None = None
    variation: float | None = None
    variation_max: float | None = None
    variation_bound: float | None = None
    output_error: float | None = None


@dataclass(frozen=True)
class Conversion:
    """A model converted to a variant, and how far its function moved.

    Args:
        variant: its name.
        sites: what became of each site.
        function_error: change of the model's outputs relative to them (Frobenius, float64).
        parameters_before, parameters_after: numbers of weights, shared ones once.
        model: the converted copy; it is not saved with the figures.
    """

    variant: str
    sites: tuple[SiteChange, ...]
    function_error: float
    parameters_before: int
    parameters_after: int
    model: nn.Module | None = None

    def mean(self, figure: str) -> float | None:
        """Return the mean of a figure over the sites that have it."""
        found = [value for site in self.sites if (value := getattr(site, figure)) is not None]
        return sum(found) / len(found) if found else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the model."""
        return {
            **{name: value for name, value in vars(self).items() if name != "model"},
            "sites": [*map(asdict, self.sites)],
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per site."""
        return pd.DataFrame([asdict(site) for site in self.sites])

    def save(self, path: str | Path) -> None:
        """Write the figures as JSON."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Conversion:
        """Return what `to_dict` wrote."""
        return cls(**{**data, "sites": tuple(SiteChange(**site) for site in data["sites"])})

    @classmethod
    def load(cls, path: str | Path) -> Conversion:
        """Read figures that `save` wrote; the model is not among them."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    def __repr__(self) -> str:
        saved = self.parameters_before - self.parameters_after
        head = f"Conversion({self.variant!r}: outputs move by {self.function_error:.2e}, {saved:,} weights fewer)"
        return f"{head}\n{self.to_dataframe().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.variant)}</p>" + self.to_dataframe().to_html(index=False, escape=True)
