"""Scores of arms over pairs and seeds, with bootstrap confidence intervals over pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from workbench.metrics import corpus_f1
from workbench.patch.arms import SOURCE, Arm

DRAWS: Final = 2000
LEVEL: Final = 0.95
FIELDS: Final = ("target_precision", "target_recall", "source_precision", "source_recall", "exact", "drift", "ssim")


@dataclass(frozen=True)
class ArmScore:
    """What one arm does, over all pairs and seeds.

    Args:
        arm: key of the arm.
        sites: indices of the patched sites.
        effect: text effect, half the change of (F1 to the target text - F1 to the source text) against the
            unpatched source; 0 means no change, and exchanging two texts that share no letter gives 1.
        ci: 95 % bootstrap interval of the effect, pairs resampled.
        target_effect: change of the F1 to the target text.
        source_effect: change of the F1 to the source text; negative where the source text goes away.
        target_f1, source_f1: character-multiset F1 of means, as published.
        word_accuracy: share of images that read exactly as the target text.
        drift: mean of 1 - SSIM outside the text.
        drift_ci: its 95 % bootstrap interval.
        ssim: mean SSIM of the whole image to the source.
        images: images scored.
    """

    arm: str
    sites: tuple[int, ...]
    effect: float
    ci: tuple[float, float]
    target_effect: float
    source_effect: float
    target_f1: float
    source_f1: float
    word_accuracy: float
    drift: float
    drift_ci: tuple[float, float]
    ssim: float
    images: int


class ScoreTable:
    """All measurements of a run as arrays [pair, seed], one per arm and field.

    Args:
        cells: measurements by `pair/seed/arm`, as the store keeps them.
        pairs: number of pairs.
        seeds: seeds, in order.
        rng_seed: seed of the bootstrap.
    """

    def __init__(self, cells: Mapping[str, Mapping[str, Any]], pairs: int, seeds: Sequence[int], rng_seed: int = 0):
        self.pairs, self.seeds = pairs, list(seeds)
        self._values: dict[str, dict[str, np.ndarray]] = {}
        for key, cell in cells.items():
            pair, seed, arm = key.split("/", 2)
            fields = self._values.setdefault(arm, {name: np.full((pairs, len(self.seeds)), np.nan) for name in FIELDS})
            for name in FIELDS:
                fields[name][int(pair), self.seeds.index(int(seed))] = cell[name]
        self._index = bootstrap_index(pairs, rng_seed)

    def _f1(self, arm: str, side: str) -> np.ndarray:
        fields = self._values[arm]
        precision, recall = fields[f"{side}_precision"].mean(axis=1), fields[f"{side}_recall"].mean(axis=1)
        return corpus_f1(precision[self._index], recall[self._index], axis=-1)

    def draws(self, arm: str) -> dict[str, np.ndarray]:
        """Return effect, target_effect, source_effect [1 + draw]; entry 0 is the sample's own value."""
        target = self._f1(arm, "target") - self._f1(SOURCE.key, "target")
        source = self._f1(arm, "source") - self._f1(SOURCE.key, "source")
        return {"effect": (target - source) / 2, "target_effect": target, "source_effect": source}

    def score(self, arm: Arm) -> ArmScore:
        """Score one arm."""
        draws, fields = self.draws(arm.key), self._values[arm.key]
        drift = fields["drift"].mean(axis=1)[self._index].mean(axis=1)
        return ArmScore(
            arm=arm.key,
            sites=arm.sites,
            effect=float(draws["effect"][0]),
            ci=interval(draws["effect"][1:]),
            target_effect=float(draws["target_effect"][0]),
            source_effect=float(draws["source_effect"][0]),
            target_f1=float(self._f1(arm.key, "target")[0]),
            source_f1=float(self._f1(arm.key, "source")[0]),
            word_accuracy=float(fields["exact"].mean()),
            drift=float(drift[0]),
            drift_ci=interval(drift[1:]),
            ssim=float(fields["ssim"].mean()),
            images=int(fields["drift"].size),
        )

    def inclusion(self, arms: Sequence[Arm], top: int) -> list[float]:
        """Return for each arm the share of bootstrap draws in which it is among the `top` largest effects."""
        effects = np.stack([self.draws(arm.key)["effect"][1:] for arm in arms])
        ranks = (-effects).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        return [float(share) for share in (ranks < top).mean(axis=1)]

    def mean_score(self, arms: Sequence[Arm]) -> dict[str, Any]:
        """Return the mean effect and drift of several arms, with the interval of the mean effect over pairs."""
        effects = np.stack([self.draws(arm.key)["effect"] for arm in arms]).mean(axis=0)
        drifts = [float(self._values[arm.key]["drift"].mean()) for arm in arms]
        return {"effect": float(effects[0]), "ci": interval(effects[1:]), "drift": float(np.mean(drifts))}


def bootstrap_index(pairs: int, rng_seed: int = 0) -> np.ndarray:
    """Return indices of pairs [1 + draw, pair]: row 0 is the sample itself, the others are its bootstrap draws."""
    draws = np.random.default_rng(rng_seed).integers(0, pairs, size=(DRAWS, pairs))
    return np.concatenate([np.arange(pairs)[None], draws])


def interval(draws: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile interval of bootstrap draws."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
