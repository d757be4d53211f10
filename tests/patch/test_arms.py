"""Arms and row plans: names that are the same for equal interventions, and batches that cover all of them once."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tests.patch.tiny_runs import LONGER, SOURCE, TARGET, latents, model_of, sites_of
from workbench.patch.arms import SOURCE as SOURCE_ARM
from workbench.patch.arms import TARGET as TARGET_ARM
from workbench.patch.arms import Arm, RowBatch, plan_batches

ARMS = [
    SOURCE_ARM,
    TARGET_ARM,
    Arm((0, 1, 2, 3)),
    *(Arm((site,)) for site in range(4)),
    Arm((1,), heads=(0,)),
    Arm((1,), steps=(1, None)),
    Arm((1,), steps=(0, 1)),
]


@pytest.mark.parametrize(
    ("arm", "key"),
    [
        (SOURCE_ARM, "source"),
        (TARGET_ARM, "target"),
        (Arm((5,)), "5"),
        (Arm((5, 6)), "5+6"),
        (Arm((6, 5, 6)), "5+6"),
        (Arm((10, 9)), "9+10"),
        (Arm((5,), heads=(1,)), "5.h1"),
        (Arm((5,), heads=(3, 1)), "5.h1+3"),
        (Arm((5,), steps=(0, 4)), "5@0-4"),
        (Arm((5,), steps=(2, None)), "5@2-"),
        (Arm((6, 5), heads=(0,), steps=(1, 3)), "5+6.h0@1-3"),
        (Arm(steps=(2, None)), "source"),
    ],
)
def test_keys(arm: Arm, key: str) -> None:
    assert arm.key == key


def test_equal_keys_are_equal_interventions() -> None:
    """The same key, the same image; another key, another image."""
    model, sites = model_of("sd"), sites_of("sd")
    arms = [*ARMS, Arm((3, 1, 0, 2)), Arm((1, 1))]
    images: dict[str, list[torch.Tensor]] = {}
    for arm in arms:
        if not arm.target:
            made = latents(model, [TARGET, SOURCE], {1: arm.patches(sites, source_row=0)})
            images.setdefault(arm.key, []).append(made[1])
    assert sorted(images) == sorted({arm.key for arm in ARMS} - {"target"})
    assert all(torch.equal(first, other) for first, *others in images.values() for other in others)
    different = [first for first, *_ in images.values()]
    assert not any(torch.equal(one, other) for place, one in enumerate(different) for other in different[:place])


def test_patches_of_an_arm() -> None:
    sites = sites_of("sd")
    patches = Arm((2, 3), heads=(1,), steps=(1, 2)).patches(sites, source_row=4)
    assert [patch.site for patch in patches] == [sites[2], sites[3]]
    assert {(patch.source, patch.heads, patch.steps) for patch in patches} == {(4, (1,), (1, 2))}
    assert SOURCE_ARM.patches(sites, source_row=0) == []


@pytest.mark.parametrize("max_rows", [1, 2, 3, 4, 7, 11, 32])
def test_batches_cover_everything_once(max_rows: int) -> None:
    batches = list(plan_batches("first", ARMS, 3, (4, 5), max_rows))
    covered = Counter((batch.pair, batch.seed, arm.key) for batch in batches for arm in batch.arms)
    assert covered == Counter((pair, seed, arm.key) for pair in range(3) for seed in (4, 5) for arm in ARMS)
    assert len({batch.key for batch in batches}) == len(batches)
    assert max(batch.rows for batch in batches) <= max(max_rows, 2)
    for batch in batches:
        assert batch.rows == 1 + sum(not arm.target for arm in batch.arms)


def test_plans_repeat() -> None:
    plans = [list(plan_batches("first", ARMS, 2, (0,), 4)) for _ in range(2)]
    assert plans[0] == plans[1]
    assert plans[0] != list(plan_batches("second", ARMS, 2, (0,), 4))
    assert list(plan_batches("first", [], 2, (0,), 4)) == []


@pytest.mark.parametrize("count", [2, 3, 10])
def test_halves(count: int) -> None:
    batch = RowBatch("first/1/5/0", 1, 5, tuple(ARMS[:count]))
    halves = batch.halves()
    assert halves[0].arms + halves[1].arms == batch.arms
    assert all(half.arms for half in halves)
    assert sum(half.rows for half in halves) == batch.rows + 1
    assert {(half.pair, half.seed) for half in halves} == {(1, 5)}
    assert len({batch.key, *(half.key for half in halves)}) == 3


def test_longer_prompts_are_the_same_arms() -> None:
    model, sites = model_of("pixart-sigma"), sites_of("pixart-sigma")
    made = latents(model, [LONGER, SOURCE], {1: Arm((0, 1, 2)).patches(sites, source_row=0)})
    assert torch.equal(made[0], made[1])
