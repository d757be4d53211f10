"""Every system of the zoo against what it declares; one test for each concern, all systems."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workbench.attention.variant import BASELINE, list_variants
from workbench.zoo.check import hook_sites, try_ablations, try_claim, try_tiny
from workbench.zoo.count import count_facts
from workbench.zoo.registry import build_system, find_system, list_systems
from workbench.zoo.task import find_task, list_tasks

SYSTEMS = list_systems()
FITTING = [
    (name, task)
    for name in SYSTEMS
    for task in list_tasks()
    if (find_task(task).shape.inputs, find_task(task).shape.each)
    == (find_system(name).shape.inputs, find_system(name).shape.each)
]


@pytest.mark.parametrize("name", SYSTEMS)
def test_published_figures(name: str) -> None:
    counts = count_facts(name)
    assert counts
    assert [count for count in counts if not count.ok] == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_tiny_runs_trains_and_saves(name: str, tmp_path: Path) -> None:
    trial = try_tiny(find_system(name), tmp_path)
    assert trial.idle == ()
    assert trial.ok
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_sites_are_found_and_fire(name: str) -> None:
    sites, system = hook_sites(find_system(name)), find_system(name)
    assert {site.kind for site in sites} <= {pattern.kind for pattern in system.sites}
    assert [site for site in sites if not site.hooked] == []
    assert sites


@pytest.mark.parametrize("name", SYSTEMS)
def test_ablations_are_as_declared(name: str) -> None:
    system = find_system(name)
    assert set(system.capabilities) == set(list_variants()) - {BASELINE}
    found = try_ablations(system)
    assert [one for one in found if not one.ok] == []
    assert all(one.reason for one in found if one.status == "refused")


@pytest.mark.parametrize("name", SYSTEMS)
def test_declarations_are_complete(name: str) -> None:
    system = find_system(name)
    assert {fact.variant for fact in system.facts} <= set(system.variants)
    assert all(one.reason for one in system.capabilities.values() if one.fit != "exact")
    assert system.task in list_tasks()


@pytest.mark.parametrize("name", SYSTEMS)
def test_claims_run(name: str) -> None:
    claim = try_claim(find_system(name), seeds=1, effort=0.01)
    assert claim.verdict in ("holds", "does not hold at this size", "not testable offline")
    assert claim.figures or claim.verdict == "not testable offline"


@pytest.mark.parametrize(("name", "task"), FITTING)
def test_tiny_fits_every_task_of_its_kind(name: str, task: str) -> None:
    shape = find_task(task).shape
    torch.manual_seed(0)
    model = build_system(name, shape=shape).eval()
    batch = find_task(task).batch(2, torch.Generator().manual_seed(0))
    with torch.no_grad():
        outputs = model(*batch.inputs)
    expected = batch.targets.shape if batch.targets.is_floating_point() else (*batch.targets.shape, shape.outputs)
    assert outputs.shape == expected
