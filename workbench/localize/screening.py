"""The outcome of a screening: all tried sites by their one-step effect."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.files import write_whole
from workbench.localize.settings import Settings

SCREENING_FILE: Final = "screening.json"


@dataclass(frozen=True)
class ScreenedSite:
    """One site in a screening.

    Args:
        index, name: the site.
        effect: one-step effect, the mean over pairs; 0 is no change and 1 that of all sites patched together.
        ci: its 95 % bootstrap interval, pairs resampled.
        aside: length of the part of the change that points elsewhere, in lengths of that of all sites.
    """

    index: int
    name: str
    effect: float
    ci: tuple[float, float]
    aside: float


@dataclass(frozen=True)
class Screening:
    """All tried sites by falling one-step effect.

    Args:
        sites: the sites.
        steps: loop indices of the denoising steps that were probed.
        denoiser_rows: what it cost.
    """

    sites: tuple[ScreenedSite, ...]
    steps: tuple[int, ...]
    denoiser_rows: int

    def top(self, count: int) -> tuple[int, ...]:
        """Return the indices of the best sites, in the order of execution."""
        return tuple(sorted(site.index for site in self.sites[:count]))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per site, the strongest first."""
        rows = [{**asdict(site), "ci_low": site.ci[0], "ci_high": site.ci[1]} for site in self.sites]
        return pd.DataFrame(rows)[["index", "name", "effect", "ci_low", "ci_high", "aside"]]

    def save(self, path: Path) -> None:
        """Write the screening as JSON."""
        write_whole(path, json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> Screening:
        """Read a screening that `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Screening:
        """Rebuild a screening from plain data."""
        sites = tuple(ScreenedSite(**{**site, "ci": tuple(site["ci"])}) for site in data["sites"])
        return cls(sites, tuple(data["steps"]), data["denoiser_rows"])

    def __repr__(self) -> str:
        return f"Screening, steps {list(self.steps)}\n" + self.to_dataframe().round(3).to_string(index=False)

    def _repr_html_(self) -> str:
        caption = f"<p>One-step effect at steps {escape(str(list(self.steps)))}</p>"
        return caption + self.to_dataframe().round(3).to_html(index=False, escape=True)


def read_screening(folder: Path) -> Screening | None:
    """Return the screening of a run, by the run's folder; None before it is done."""
    file = folder / SCREENING_FILE
    return Screening.load(file) if file.is_file() else None


def after_screening(settings: Settings, folder: Path) -> Settings:
    """Return the settings of a run with the sites that its screening chose, once it has one."""
    screening = read_screening(folder) if settings.screen else None
    return settings if screening is None else settings.trying(screening.top(settings.screen))
