"""Scores and stages on made-up cells whose answer is known by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from workbench.localize.pairs import Pair
from workbench.localize.scores import ScoreTable
from workbench.localize.settings import Settings
from workbench.localize.stages import (
    control_arms,
    nested_arms,
    patch_arm,
    ranked_sites,
    reaches,
    single_arms,
    smallest_nested,
    step_windows,
    thinned_arms,
)
from workbench.patch.arms import SOURCE, Arm
from workbench.patch.generate import Sampling

PAIRS = 6
SITES = range(8)


def settings(**changes) -> Settings:
    pairs = tuple(Pair(f"s{i}", f"t{i}", "AB", "CD") for i in range(PAIRS))
    base = {"pairs": pairs, "seeds": (0,), "sampling": Sampling(8, 1.0), "sites": tuple(SITES)}
    return Settings(**{**base, **changes})


def cell(moved: float, drift: float = 0.0) -> dict[str, float]:
    """Return the measurement of an image whose text has moved to the target by that share."""
    return {
        "target_precision": moved,
        "target_recall": moved,
        "source_precision": 1 - moved,
        "source_recall": 1 - moved,
        "exact": float(moved == 1),
        "drift": drift,
        "ssim": 1 - drift,
    }


def table_of(arms: list[Arm], moved: Callable[[Arm], float], drift: Callable[[Arm], float] = lambda arm: 0.0):
    keys = {arm.key: arm for arm in [SOURCE, *arms]}
    cells = {f"{pair}/0/{key}": cell(moved(arm), drift(arm)) for pair in range(PAIRS) for key, arm in keys.items()}
    return ScoreTable(cells, PAIRS, [0])


def both_needed(arm: Arm) -> float:
    """The text moves a little by site 2, a little less by 5, and wholly by both."""
    two, five = 2 in arm.sites, 5 in arm.sites
    return 1.0 if two and five else 0.3 * two + 0.2 * five


def every_arm(config: Settings) -> list[Arm]:
    singles = single_arms(config, SITES)
    ranking = [2, 5, 0, 1, 3, 4, 6, 7]
    nested = nested_arms(config, ranking)
    return [*singles, *nested, *(thin for arm in nested for thin in thinned_arms(config, arm))]


def test_the_effect_is_zero_for_the_source_and_one_for_a_full_swap():
    table = table_of([Arm((1,))], lambda arm: float(bool(arm.sites)))
    assert table.score(SOURCE).effect == 0
    full = table.score(Arm((1,)))
    assert (full.effect, full.target_effect, full.source_effect) == (1, 1, -1)
    assert full.ci == (1, 1)


def test_f1_is_that_of_the_means_and_intervals_come_from_resampled_pairs():
    cells = {}
    for pair in range(PAIRS):
        cells[f"{pair}/0/source"] = cell(0.0)
        cells[f"{pair}/0/1"] = cell(0.0) | ({"target_precision": 1.0, "target_recall": 0.2} if pair % 2 else {})
    score = ScoreTable(cells, PAIRS, [0]).score(Arm((1,)))
    assert score.target_f1 == pytest.approx(2 * 0.5 * 0.1 / 0.6)
    low, high = score.ci
    assert low < score.effect < high


def test_the_ranking_and_the_smallest_set_need_both_sites():
    config = settings()
    table = table_of(every_arm(config), both_needed)
    ranking = ranked_sites(config, table)
    assert ranking[:2] == [2, 5]
    nested = nested_arms(config, ranking)
    found = smallest_nested(config, table, nested, table.score(patch_arm(config, SITES)))
    assert found.sites == (2, 5)


def test_a_set_that_moves_the_rest_of_the_image_is_not_accepted():
    config = settings()
    arms = every_arm(config)
    drifting = table_of(arms, both_needed, lambda arm: 0.5 if arm.sites == (2, 5) else 0.01)
    nested = nested_arms(config, [2, 5, 0, 1, 3, 4, 6, 7])
    found = smallest_nested(config, drifting, nested, drifting.score(patch_arm(config, SITES)))
    assert found.sites == (0, 2, 5)


def test_a_model_without_any_effect_has_no_found_set():
    config = settings()
    table = table_of(every_arm(config), lambda arm: 0.0)
    everything = table.score(patch_arm(config, SITES))
    nested = nested_arms(config, [2, 5, 0, 1, 3, 4, 6, 7])
    assert smallest_nested(config, table, nested, everything) is None
    assert not reaches(config, everything, everything)


def test_inclusion_is_the_share_of_draws_within_the_top():
    config = settings()
    table = table_of(every_arm(config), both_needed)
    arms = [patch_arm(config, [site]) for site in SITES]
    assert [round(share, 2) for share in table.inclusion(arms, top=2)] == [0, 0, 1, 0, 0, 1, 0, 0]


def test_controls_have_the_found_size_and_share_no_site_with_it():
    config = settings(random_sets=4)
    found = patch_arm(config, [2, 5])
    random_sets, complement = control_arms(config, found, SITES)
    assert len({arm.key for arm in random_sets}) == 4
    assert all(len(arm.sites) == 2 and not set(arm.sites) & {2, 5} for arm in random_sets)
    assert [arm.sites for arm in complement] == [(0, 1, 3, 4, 6, 7)]
    assert control_arms(config, patch_arm(config, SITES), SITES) == ([], [])


def test_step_windows_cover_the_schedule_without_gap():
    windows = step_windows(settings(step_windows=3, start_step=1))
    assert windows[0][0] == 1
    assert windows[-1][1] == 8
    assert all(one[1] == two[0] for one, two in pairwise(windows))


def test_settings_survive_a_round_trip():
    config = settings(heads=True, step_windows=2)
    assert Settings.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": ()},
        {"seeds": ()},
        {"seeds": (1, 1)},
        {"sites": ()},
        {"start_step": 8},
        {"share": 0},
        {"step_windows": 9},
        {"max_rows": 1},
    ],
)
def test_bad_settings_are_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        settings(**changes)
