"""Results of a localisation: ranking, found set, and the whole with its controls."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.localize.scores import ArmScore
from workbench.localize.screening import Screening


@dataclass(frozen=True)
class RankedSite:
    """One site alone: its score and the share of bootstrap draws in which it ranks within the found size."""

    index: int
    name: str
    score: ArmScore
    inclusion: float


@dataclass(frozen=True)
class Ranking:
    """Every site alone, by falling text effect."""

    sites: tuple[RankedSite, ...]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per site, the strongest first."""
        return pd.DataFrame(
            [
                {
                    "index": site.index,
                    "name": site.name,
                    "effect": site.score.effect,
                    "ci_low": site.score.ci[0],
                    "ci_high": site.score.ci[1],
                    "target_effect": site.score.target_effect,
                    "source_effect": site.score.source_effect,
                    "target_f1": site.score.target_f1,
                    "word_accuracy": site.score.word_accuracy,
                    "drift": site.score.drift,
                    "inclusion": site.inclusion,
                }
                for site in self.sites
            ]
        )

    def __repr__(self) -> str:
        return "Ranking\n" + self.to_dataframe().round(3).to_string(index=False)

    def _repr_html_(self) -> str:
        return self.to_dataframe().round(3).to_html(index=False, escape=True)


@dataclass(frozen=True)
class FoundSet:
    """The chosen sites with the rule, scores and controls that chose them.

    Args:
        model: name of the model.
        fingerprint: hash of its weights.
        sites: names of the sites, in the order of execution.
        indices: their indices.
        parameters: text key and value weights of these sites.
        share: parameters as a share of the denoiser.
        rule: the rule, in words.
        reached: False if no small set satisfied the rule and all sites are returned.
        score: score of the set patched together.
        all_sites: score of all sites patched together.
        control: mean effect, interval and drift of random sets of the same size.
        complement: score of all the other sites patched together.
    """

    model: str
    fingerprint: str
    sites: tuple[str, ...]
    indices: tuple[int, ...]
    parameters: int
    share: float
    rule: str
    reached: bool
    score: ArmScore
    all_sites: ArmScore
    control: dict[str, Any]
    complement: ArmScore | None

    def save(self, path: str | Path) -> None:
        """Write the set as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> FoundSet:
        """Read a set that `save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FoundSet:
        """Rebuild a set from plain data."""
        scores = {name: read_score(data[name]) for name in ("score", "all_sites")}
        complement = read_score(data["complement"]) if data["complement"] else None
        control = data["control"] and {**data["control"], "ci": tuple(data["control"]["ci"])}
        lists = {"sites": tuple(data["sites"]), "indices": tuple(data["indices"]), "control": control}
        return cls(**{**data, **scores, **lists, "complement": complement})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per site of the set."""
        return pd.DataFrame({"index": self.indices, "name": self.sites})

    def __repr__(self) -> str:
        return (
            f"FoundSet({list(self.indices)}, effect {self.score.effect:.2f} of {self.all_sites.effect:.2f}, "
            f"{self.parameters:,} parameters = {self.share:.2%})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_dataframe().to_html(index=False, escape=True)


def read_score(data: dict[str, Any]) -> ArmScore:
    """Rebuild an arm's score from plain data."""
    lists = {name: tuple(data[name]) for name in ("sites", "ci", "drift_ci")}
    return ArmScore(**{**data, **lists})


@dataclass(frozen=True)
class Localization:
    """The outcome of `localize`.

    Args:
        run: id of the run; its images lie in `folder`.
        folder: the run's folder.
        model: name of the model.
        family: its family.
        note: what a reader must know about the model.
        config: the run's configuration.
        versions: package versions.
        baseline: the unpatched source images.
        target: the target prompt's own images.
        all_sites: all sites patched together.
        ranking: every site alone.
        trade_off: the nested sets, from one site to all.
        random_sets: the random control sets.
        found: the found set.
        head_scores, step_scores: scores of single heads and of step windows, where asked for.
        cost: denoiser rows and seconds spent, with the forecast.
        screening: what chose the sites of the ranking, where asked for.
    """

    run: str
    folder: str
    model: str
    family: str
    note: str
    config: dict[str, Any]
    versions: dict[str, str]
    baseline: ArmScore
    target: ArmScore
    all_sites: ArmScore
    ranking: Ranking
    trade_off: tuple[ArmScore, ...]
    random_sets: tuple[ArmScore, ...]
    found: FoundSet
    head_scores: tuple[ArmScore, ...]
    step_scores: tuple[ArmScore, ...]
    cost: dict[str, Any]
    screening: Screening | None = None

    def to_dataframe(self) -> pd.DataFrame:
        """Return the ranking as a table."""
        return self.ranking.to_dataframe()

    def save(self, path: str | Path) -> None:
        """Write the result as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Localization:
        """Read a result that `save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Localization:
        """Rebuild a result from plain data."""
        ranked = [RankedSite(**{**site, "score": read_score(site["score"])}) for site in data["ranking"]["sites"]]
        single = {name: read_score(data[name]) for name in ("baseline", "target", "all_sites")}
        several = {
            name: tuple(read_score(score) for score in data[name])
            for name in ("trade_off", "random_sets", "head_scores", "step_scores")
        }
        found = FoundSet.from_dict(data["found"])
        screening = Screening.from_dict(data["screening"]) if data.get("screening") else None
        parts = {"ranking": Ranking(tuple(ranked)), "found": found, "screening": screening}
        return cls(**{**data, **single, **several, **parts})

    def __repr__(self) -> str:
        control = self.found.control
        return (
            f"Localization of {self.model}: sites {list(self.found.indices)} of {len(self.ranking.sites)} carry the "
            f"text\n  found set   effect {self.found.score.effect:+.3f}, drift {self.found.score.drift:.3f}\n"
            f"  all sites   effect {self.all_sites.effect:+.3f}, drift {self.all_sites.drift:.3f}\n"
            f"  random sets effect {control.get('effect', float('nan')):+.3f}\n{self.ranking!r}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"
