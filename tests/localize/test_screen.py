"""Screening: single denoiser calls choose the sites that are patched over whole generations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.localize.test_localize import planted_of
from tests.tiny import TINY
from workbench import InputError, Localization, RunStore, find_sites, localize, make_pairs, open_model, plan, resume
from workbench.localize.screen import one_step_effects, probe_steps, screening_rows
from workbench.localize.screening import Screening
from workbench.localize.settings import Settings
from workbench.localize.stored import StoredLocalization
from workbench.models.model import Defaults
from workbench.models.open import wrap_pipeline
from workbench.patch.generate import Sampling
from workbench.report.page import write_report

PAIRS, KEPT = 3, 3


@pytest.fixture(scope="module", params=["glyph-mmdit", "glyph-unet"])
def result(request, tmp_path_factory) -> Localization:
    return localize(request.param, PAIRS, out=tmp_path_factory.mktemp(request.param), screen=KEPT)


@pytest.fixture
def tiny_model():
    return replace(wrap_pipeline(TINY["sd"](), "tiny"), defaults=Defaults(32, 32, 4, 3.0))


def settings_of(steps: int, start: int = 0) -> Settings:
    pairs = tuple(make_pairs(1, embedded=True))
    return Settings(pairs, (0,), Sampling(steps, 1.0), (0, 1), start_step=start)


def test_the_planted_sites_lead_the_screening_and_are_found(result):
    planted = planted_of(result.model)
    assert set(result.screening.top(2)) == set(planted)
    assert result.found.indices == planted
    assert {site.index for site in result.ranking.sites} == set(result.screening.top(KEPT))
    others = [site.effect for site in result.screening.sites[2:]]
    assert max(map(abs, others)) < 0.05


def test_it_costs_what_was_forecast_and_less_than_all_sites(result):
    cost = result.cost["denoiser_rows"]
    assert cost <= result.cost["forecast"]["denoiser_rows"] <= 1.6 * cost
    assert result.cost["forecast"]["denoiser_rows"] < plan(result.model, PAIRS)[3].denoiser_rows


def test_the_screening_is_kept_with_the_run_and_read_back(result):
    folder = Path(result.folder)
    assert Screening.load(folder / "screening.json") == result.screening
    assert Localization.load(folder / "result.json") == result
    store = RunStore(folder.parent)
    stored = StoredLocalization(store, store.get(result.run), find_sites(open_model(result.model)))
    assert stored.settings.sites == result.screening.top(KEPT)
    assert stored.pairs_done == PAIRS


def test_the_report_says_what_was_left_out(result):
    store = RunStore(Path(result.folder).parent)
    page = write_report(result, store.cells(store.get(result.run))).read_text(encoding="utf-8")
    assert page.count("left out</td>") == len(result.screening.sites) - KEPT
    assert (Path(result.folder) / "screening.png").is_file()


def test_interrupted_in_the_screening_it_goes_on_to_the_same_result(tiny_model, tmp_path):
    pairs = make_pairs(3, embedded=False)
    whole = localize(tiny_model, pairs, out=tmp_path / "whole", screen=2, max_rows=8)
    told = []
    options = {"screen": 2, "max_rows": 8, "on_progress": told.append, "should_stop": lambda: bool(told)}
    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, pairs, out=tmp_path / "cut", **options)
    store = RunStore(tmp_path / "cut")
    run = store.get("last")
    assert (run.status, run.cells) == ("interrupted", 0)
    assert store.batches(run) == {"screen/0/0"}
    sites = find_sites(tiny_model)
    assert len(StoredLocalization(store, run, sites).settings.sites) == len(sites)
    resumed = resume(store, run, model=tiny_model)
    assert resumed.screening == whole.screening
    assert resumed.ranking == whole.ranking


@pytest.mark.parametrize("max_rows", [3, 5, 32])
def test_rows_are_forecast_from_above_and_nearly_exactly(tiny_model, tmp_path, max_rows):
    options = {"screen": 1, "max_rows": max_rows}
    made = localize(tiny_model, make_pairs(1, embedded=False), out=tmp_path, **options).screening
    sites = tuple(range(len(made.sites)))
    settings = settings_of(4).trying(sites)
    settings = replace(settings, max_rows=max_rows, sampling=Sampling.of(tiny_model))
    bound = screening_rows(settings, tiny_model)
    assert made.denoiser_rows <= bound <= made.denoiser_rows + 2 * len(made.sites)


def test_a_change_is_split_along_and_aside():
    predicted = torch.tensor([[1.0, 1.0], [3.0, 1.0], [2.0, 1.0], [1.0, 5.0], [1.0, 1.0]])
    along, aside, length = one_step_effects(predicted)
    assert along.tolist() == [0.5, 0.0, 0.0]
    assert aside.tolist() == [0.0, 2.0, 0.0]
    assert length == 2.0


def test_without_any_change_every_effect_is_zero():
    along, aside, length = one_step_effects(torch.ones(4, 2))
    assert along.tolist() == aside.tolist() == [0.0, 0.0]
    assert length == 0.0


@pytest.mark.parametrize(
    ("steps", "start", "expected"),
    [
        (16, 0, (1, 2, 4, 8)),
        (50, 0, (1, 3, 9, 25)),
        (4, 0, (1, 2)),
        (1, 0, (0,)),
        (16, 12, (12,)),
        (28, 3, (3, 5, 8, 14)),
    ],
)
def test_probes_lie_between_the_start_and_the_middle(steps, start, expected):
    assert probe_steps(settings_of(steps, start)) == expected


def test_a_negative_number_is_refused(tmp_path):
    with pytest.raises(InputError, match="number of sites to keep"):
        plan("glyph-unet", 1, screen=-1)


def test_runs_made_before_screenings_can_still_be_read():
    data = settings_of(4).to_dict()
    del data["screen"]
    assert Settings.from_dict(json.loads(json.dumps(data))).screen == 0
