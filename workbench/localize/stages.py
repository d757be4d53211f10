"""The stages of a localisation: which arms each one needs, decided from the scores so far."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from workbench.localize.scores import ArmScore, ScoreTable
from workbench.localize.settings import Settings
from workbench.patch.arms import SOURCE, TARGET, Arm

NESTED_SIZES: Final = (1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 40)
SET_STAGE: Final = "set "


def patch_arm(settings: Settings, sites: Sequence[int]) -> Arm:
    """Return the arm that patches these sites from the start step on."""
    return Arm(tuple(sorted(sites)), steps=(settings.start_step, None))


def single_arms(settings: Settings, every: Sequence[int]) -> list[Arm]:
    """Return the arms of the first stage: source, target, all sites, and each tried site alone."""
    return [SOURCE, TARGET, patch_arm(settings, every), *(patch_arm(settings, [site]) for site in settings.sites)]


def detail_arms(settings: Settings, heads: Sequence[int]) -> list[Arm]:
    """Return the arms of single heads and of step windows; `heads` is the number of heads of each tried site."""
    arms = []
    if settings.heads:
        arms += [
            Arm((site,), heads=(head,), steps=(settings.start_step, None))
            for site, count in zip(settings.sites, heads, strict=True)
            for head in range(count)
        ]
    if settings.step_windows > 1:
        arms += [Arm((site,), steps=window) for site in settings.sites for window in step_windows(settings)]
    return arms


def step_windows(settings: Settings) -> list[tuple[int, int]]:
    """Return equal windows (first, end) of the loop indices from the start step on."""
    first, count = settings.start_step, settings.step_windows
    total = settings.sampling.steps - first
    edges = [first + round(total * i / count) for i in range(count + 1)]
    return list(pairwise(edges))


def ranked_sites(settings: Settings, table: ScoreTable) -> list[int]:
    """Return the tried sites by falling text effect of each alone."""
    effect = {site: table.score(patch_arm(settings, [site])).effect for site in settings.sites}
    return sorted(settings.sites, key=lambda site: (-effect[site], site))


def nested_arms(settings: Settings, ranking: Sequence[int]) -> list[Arm]:
    """Return the nested sets: the best site, the best two, and so on, up to all tried sites."""
    sizes = [size for size in NESTED_SIZES if size < len(ranking)]
    return [patch_arm(settings, ranking[:size]) for size in [*sizes, len(ranking)]]


def reaches(settings: Settings, score: ArmScore, everything: ArmScore) -> bool:
    """Tell whether a set satisfies the rule; without any all-sites effect none does."""
    enough = everything.effect > 0 and score.effect >= settings.share * everything.effect
    return enough and score.drift <= everything.drift + settings.drift_margin


def smallest_nested(settings: Settings, table: ScoreTable, nested: Sequence[Arm], everything: ArmScore) -> Arm | None:
    """Return the first nested set that satisfies the rule."""
    return next((arm for arm in nested if reaches(settings, table.score(arm), everything)), None)


def thinned(
    settings: Settings, found: Arm, everything: ArmScore, score: Callable[[Arm, list[Arm]], list[ArmScore]]
) -> Arm:
    """Leave out one site after the other, the least missed first, as long as the rule holds.

    Args:
        settings: the rule.
        found: a set that satisfies it.
        everything: score of all sites.
        score: scores sets that are one site smaller than the given one.
    """
    while thinner := thinned_arms(settings, found):
        good = [made for made in score(found, thinner) if reaches(settings, made, everything)]
        if not good:
            break
        found = patch_arm(settings, max(good, key=lambda made: made.effect).sites)
    return found


def thinned_arms(settings: Settings, found: Arm) -> list[Arm]:
    """Return the found set without each of its sites in turn."""
    if len(found.sites) < 2:
        return []
    return [patch_arm(settings, [site for site in found.sites if site != left_out]) for left_out in found.sites]


def set_stage(arm: Arm) -> str:
    """Return the stage of a set that was asked for by hand after the run."""
    return SET_STAGE + "+".join(map(str, arm.sites))


def control_arms(settings: Settings, found: Arm, every: Sequence[int]) -> tuple[list[Arm], list[Arm]]:
    """Return random sets of the found size that share no site with it, and the complement, if there is one."""
    others = [site for site in every if site not in found.sites]
    rng = random.Random(f"control/{found.key}")
    size = min(len(found.sites), len(others))
    sets = {tuple(sorted(rng.sample(others, size))): None for _ in range(20 * settings.random_sets)} if size else {}
    chosen = [patch_arm(settings, sites) for sites in list(sets)[: settings.random_sets]]
    return chosen, [patch_arm(settings, others)] if others else []
