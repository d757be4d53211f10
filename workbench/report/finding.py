"""The finding in one sentence, no stronger than its evidence, and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from workbench.localize.result import Localization
from workbench.localize.scores import LEVEL, ArmScore, ScoreTable
from workbench.report.wording import banded, listed, number, plural

Cells = Mapping[str, Mapping[str, Any]]
CHANCE: Final = 0.3


@dataclass(frozen=True)
class Share:
    """An effect as a share of the all-sites effect, with its 95 % bootstrap interval over pairs."""

    value: float
    ci: tuple[float, float]


@dataclass(frozen=True)
class Headline:
    """One headline figure: what it is, its value, and its interval or comparison."""

    label: str
    value: str
    detail: str


def has_effect(result: Localization) -> bool:
    """Tell whether all sites together move the text, that is, whether their interval lies above 0."""
    return result.all_sites.effect > 0 and result.all_sites.ci[0] > 0


def is_small(result: Localization) -> bool:
    """Tell whether the found set satisfied the rule with fewer than all sites."""
    return result.found.reached and len(result.found.indices) < len(result.all_sites.sites)


def pair_count(result: Localization) -> int:
    """Return the number of prompt pairs."""
    return len(result.config["settings"]["pairs"])


def finding(result: Localization, cells: Cells) -> str:
    """Return what the run shows, in one or two sentences."""
    if not has_effect(result):
        return _nothing_moved(result)
    if not is_small(result):
        return _not_localized(result)
    return _localized(result, cells)


def headlines(result: Localization) -> list[Headline]:
    """Return at most five headline figures."""
    found, several = result.found, pair_count(result) > 1
    shown = [_effect("Effect, found set", found.score, several)] if is_small(result) else []
    shown.append(_effect("Effect, all sites", result.all_sites, several))
    if found.control:
        detail = _band(found.control["ci"], several)
        shown.append(Headline("Effect, random sets", number(found.control["effect"]), detail))
    if found.complement is not None:
        shown.append(_effect("Effect, all but the found set", found.complement, several))
    drift = f"all sites {number(result.all_sites.drift, 3)}"
    score, label = (found.score, "Drift, found set") if is_small(result) else (result.all_sites, "Drift, all sites")
    shown.append(
        Headline(label, number(score.drift, 3), drift if is_small(result) else _band(score.drift_ci, several, 3))
    )
    return shown


def share_of_all(result: Localization, cells: Cells, arms: Sequence[str]) -> Share:
    """Return the mean effect of some arms as a share of the all-sites effect, numerator and denominator resampled
    together; it needs an all-sites effect above 0."""
    needed = {"source", result.all_sites.arm, *arms}
    part = {key: cell for key, cell in cells.items() if key.split("/", 2)[2] in needed}
    table = ScoreTable(part, pair_count(result), result.config["settings"]["seeds"])
    several = np.mean([table.draws(arm)["effect"] for arm in arms], axis=0)
    shares = several / table.draws(result.all_sites.arm)["effect"]
    low, high = np.nanquantile(shares[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Share(float(shares[0]), (float(low), float(high)))


def _localized(result: Localization, cells: Cells) -> str:
    indices, several = result.found.indices, pair_count(result) > 1
    total = len(result.all_sites.sites)
    who = f"Sites {listed(indices)}" if len(indices) > 1 else f"Site {indices[0]}"
    carry, them = ("carry", "them") if len(indices) > 1 else ("carries", "it")
    moved = share_of_all(result, cells, [result.found.score.arm])
    text = (
        f"{who} of {total} {carry} the text: patching {them} alone moves {number(moved.value)} of what all sites move "
        f"({_band(moved.ci, several)})"
    )
    if not result.random_sets:
        return f"{text}; no random sets were run to compare with."
    size = len(result.random_sets[0].sites)
    control = share_of_all(result, cells, [score.arm for score in result.random_sets])
    text += f"; random sets of {plural(size, 'site')} move {number(control.value)} ({_band(control.ci, several)})."
    if several and moved.ci[0] > control.ci[1]:
        return text
    return f"{text} That is not clearly more than chance: the two are not separated by their intervals."


def _not_localized(result: Localization) -> str:
    best, several = result.ranking.sites[0], pair_count(result) > 1
    total, tried = len(result.all_sites.sites), len(result.ranking.sites)
    alone = (
        f"the strongest single site is {best.index} with an effect of {number(best.score.effect)} "
        f"({_band(best.score.ci, several)}), against {number(result.all_sites.effect)} "
        f"({_band(result.all_sites.ci, several)}) of all {total} sites together"
    )
    if result.found.reached:
        return f"The text is not localised: no set smaller than all {total} sites satisfies the rule; {alone}."
    return f"No set of the {plural(tried, 'site')} tried satisfies the rule, so none was found; {alone}."


def _nothing_moved(result: Localization) -> str:
    several = pair_count(result) > 1
    text = (
        f"This model's text could not be moved: patching all {plural(len(result.all_sites.sites), 'site')} has an "
        f"effect of {number(result.all_sites.effect)} ({_band(result.all_sites.ci, several)}), not clearly above 0. "
        f"The images read as their own prompts' texts with an F1 of {number(result.baseline.source_f1)} (source) and "
        f"{number(result.target.target_f1)} (target): "
    )
    if max(result.baseline.source_f1, result.target.target_f1) <= CHANCE:
        return text + "no more than chance, so the reader finds no legible text and nothing follows about the sites."
    return text + "legible, so either these sites do not decide the text or more pairs are needed to show it."


def _effect(label: str, score: ArmScore, several: bool) -> Headline:
    return Headline(label, number(score.effect), _band(score.ci, several))


def _band(ci: Sequence[float], several: bool, digits: int = 2) -> str:
    return banded(ci, digits) if several else "one pair, so no interval"
