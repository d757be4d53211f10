"""The outcome of training a classifier."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pandas as pd

from workbench.classify.scores import ClassifierScores
from workbench.files import write_whole


@dataclass(frozen=True)
class SeedOutcome:
    """One seed's training.

    Args:
        seed: the seed.
        scores: on the held-out split, of the classifier as it was stored.
        losses: mean training loss of each epoch; empty for the linear model.
        validations: validation loss of each epoch, likewise.
        seconds: of the epochs, interruptions left out.
    """

    seed: int
    scores: ClassifierScores
    losses: tuple[float, ...]
    validations: tuple[float, ...]
    seconds: float

    @property
    def validation_loss(self) -> float:
        """The lowest one, whose weights were kept; 0 if none was measured."""
        return min(self.validations, default=0.0)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SeedOutcome:
        """Return the outcome of plain data."""
        lists = {"losses": tuple(data["losses"]), "validations": tuple(data["validations"])}
        return cls(**{**data, **lists, "scores": ClassifierScores.from_dict(data["scores"])})

    def save(self, path: Path) -> None:
        """Write the outcome as JSON."""
        write_whole(path, json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> SeedOutcome:
        """Read an outcome that `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class ClassifierTraining:
    """A classifier's training.

    Args:
        model: folder of the best seed's classifier, which `open_classifier` opens.
        kind: its kind.
        best: the seed with the lowest validation loss.
        outcomes: one a seed.
        baseline: the linear model on the same split; None if this is one.
        leaks: training texts left out since they were equal, once cleaned, to held-out ones, or empty.
        settings: as given.
    """

    model: str
    kind: str
    best: int
    outcomes: tuple[SeedOutcome, ...]
    baseline: ClassifierScores | None
    leaks: int
    settings: dict[str, Any]

    @property
    def scores(self) -> ClassifierScores:
        """Figures of the best seed, on the held-out split."""
        return next(outcome.scores for outcome in self.outcomes if outcome.seed == self.best)

    @property
    def spread(self) -> tuple[float, float]:
        """Mean macro F1 of the seeds and its standard deviation, 0 for a single seed."""
        figures = [outcome.scores.macro_f1 for outcome in self.outcomes]
        return mean(figures), stdev(figures) if len(figures) > 1 else 0.0

    @property
    def seconds(self) -> float:
        """Time of all epochs, in seconds."""
        return sum(outcome.seconds for outcome in self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per seed, and one for the linear baseline: macro and weighted F1, accuracy, F1 per label."""
        rows: list[tuple[str, ClassifierScores, float | None]] = [
            (f"{self.kind}, seed {one.seed}", one.scores, one.seconds) for one in self.outcomes
        ]
        if self.baseline is not None:
            rows.append(("linear", self.baseline, None))
        return pd.DataFrame(
            [
                {
                    "model": name,
                    "macro_f1": scores.macro_f1,
                    "weighted_f1": scores.weighted_f1,
                    "accuracy": scores.accuracy,
                    "out_of_class": scores.out_of_class,
                    **{f"f1 {one.label}": one.f1 for one in scores.per_class},
                    "seconds": seconds,
                }
                for name, scores, seconds in rows
            ]
        )

    def save(self, path: str | Path) -> None:
        """Write the outcome as JSON; the weights lie in the model's own folder."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> ClassifierTraining:
        """Read an outcome that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        baseline = None if data["baseline"] is None else ClassifierScores.from_dict(data["baseline"])
        outcomes = tuple(map(SeedOutcome.from_dict, data["outcomes"]))
        return cls(**{**data, "baseline": baseline, "outcomes": outcomes})

    @property
    def summary(self) -> str:
        """What came out, in one sentence."""
        average, deviation = self.spread
        against = ""
        if self.baseline is not None:
            ahead = self.scores.macro_f1 > self.baseline.macro_f1
            against = f"; the linear baseline has {self.baseline.macro_f1:.3f}" + (
                "" if ahead else " and is not beaten"
            )
        seeds = f" (mean of {len(self.outcomes)} seeds {average:.3f} ± {deviation:.3f})" if deviation else ""
        return f"{self.kind}: macro F1 {self.scores.macro_f1:.3f}{seeds} on held-out texts{against}"

    def __repr__(self) -> str:
        return f"{self.summary}\n{self.to_dataframe().round(3).to_string(index=False, na_rep='')}\nmodel: {self.model}"

    def _repr_html_(self) -> str:
        table = self.to_dataframe().round(3).to_html(index=False, escape=True, na_rep="")
        return f"<p>{escape(self.summary)}: {escape(self.model)}</p>{table}"
