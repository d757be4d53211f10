"""Localisation end to end on the embedded models: the planted sites are found blind, runs resume and replay."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import TINY
from workbench import (
    InputError,
    Localization,
    RefusedError,
    RunStore,
    find_sites,
    list_models,
    localize,
    make_pairs,
    plan,
    replay,
    resume,
)
from workbench.models.model import Defaults
from workbench.models.open import wrap_pipeline
from workbench.runs.images import pixel_hash, read_image, write_image

ROOT = Path(__file__).parents[2]
PAIRS = 4
KILLED = """
import sys, torch
from workbench import localize
torch.set_num_threads(1)
localize("glyph-unet", 2, out=sys.argv[1], steps=4, max_rows=4, on_progress=lambda at: print("batch", flush=True))
"""


@pytest.fixture(scope="module")
def tiny_model():
    return replace(wrap_pipeline(TINY["sd"](), "tiny"), defaults=Defaults(32, 32, 2, 3.0))


@pytest.fixture(scope="module", params=["glyph-mmdit", "glyph-unet"])
def result(request, tmp_path_factory) -> Localization:
    return localize(request.param, PAIRS, out=tmp_path_factory.mktemp(request.param))


def planted_of(name: str) -> tuple[int, ...]:
    return next(card.planted_sites for card in list_models() if card.name == name)


def test_the_planted_sites_are_found_blind(result):
    assert result.found.indices == planted_of(result.model)
    assert result.found.reached
    assert result.found.score.effect >= 0.9 * result.all_sites.effect > 0.5


def test_controls_stay_near_zero_and_the_rest_of_the_image_stays(result):
    assert abs(result.found.control["effect"]) < 0.2
    assert result.found.score.drift < 0.1
    assert result.baseline.effect == 0
    assert result.baseline.drift == 0


def test_the_found_set_states_its_size_and_its_evidence(result):
    sites = find_sites_of(result)
    chosen = [sites[index] for index in result.found.indices]
    assert result.found.parameters == sum(site.text_kv_parameters for site in chosen)
    assert result.found.share == pytest.approx(result.found.parameters / sites.total_parameters)
    assert [site.name for site in chosen] == list(result.found.sites)


def find_sites_of(result):
    from workbench import open_model

    return find_sites(open_model(result.model))


def test_the_result_survives_a_round_trip_and_its_files_lie_in_the_run_folder(result):
    folder = Path(result.folder)
    assert Localization.load(folder / "result.json") == result
    assert len(result.to_dataframe()) == len(result.ranking.sites)
    stored = {path.name for path in folder.iterdir()}
    assert {"result.json", "ranking.csv", "found.json", "images"} <= stored
    assert not list(folder.rglob("*.part"))


def test_the_forecast_bounds_the_real_cost(result):
    forecast = result.cost["forecast"]["denoiser_rows"]
    assert result.cost["denoiser_rows"] <= 1.1 * forecast
    assert forecast <= 1.6 * result.cost["denoiser_rows"]


def test_resuming_a_finished_run_gives_the_same_result(result):
    store = RunStore(Path(result.folder).parent)
    again = resume(store, store.get(result.run))
    assert again.ranking == result.ranking
    assert again.found == result.found


def test_nothing_that_localises_reads_the_answer():
    rooms = ["localize", "patch", "metrics", "sites", "record", "hooks", "runs", "report"]
    for path in (path for room in rooms for path in (ROOT / "workbench" / room).rglob("*.py")):
        assert "planted" not in path.read_text(encoding="utf-8"), path


def test_a_run_that_is_interrupted_goes_on_to_the_same_result(tiny_model, tmp_path):
    pairs = make_pairs(3, embedded=False)
    whole = localize(tiny_model, pairs, out=tmp_path / "whole", seeds=2)
    seen = []

    def stop() -> bool:
        seen.append(1)
        # The first eight calls time the model, and there is no run before them.
        return len(seen) == 8 + 9

    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, pairs, out=tmp_path / "cut", seeds=2, should_stop=stop)
    store = RunStore(tmp_path / "cut")
    run = store.get("last")
    assert run.status == "interrupted"
    assert 0 < run.cells < RunStore(tmp_path / "whole").get("last").cells
    resumed = resume(store, run, model=tiny_model)
    assert resumed.ranking == whole.ranking
    assert resumed.trade_off == whole.trade_off
    assert store.get("last").status == "done"


def test_killed_at_any_moment_a_run_loses_at_most_its_batch(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == "batch\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    store = RunStore(tmp_path)
    run = store.get("last")
    assert run.status == "running"
    done = store.cells(run)
    assert len(store.batches(run)) >= 3
    for cell in done.values():
        read_image(run.folder / "images" / cell["image"])
    resumed = resume(store, run)
    whole = localize("glyph-unet", 2, out=tmp_path / "whole", steps=4, max_rows=4)
    assert resumed.ranking == whole.ranking
    assert resumed.found == whole.found


def test_a_finished_run_replays_to_the_same_images(tiny_model, tmp_path):
    localize(tiny_model, make_pairs(2, embedded=False), out=tmp_path)
    store = RunStore(tmp_path)
    outcome = replay(store, store.get("last"), model=tiny_model)
    assert outcome.identical == outcome.images > 10
    assert outcome.max_difference == 0
    again = store.get(outcome.replayed_as)
    assert store.result(again)["replay"] == outcome.to_dict()


def test_a_replay_measures_what_differs(tiny_model, tmp_path):
    localize(tiny_model, make_pairs(1, embedded=False), out=tmp_path)
    store = RunStore(tmp_path)
    run = store.get("last")
    cell = store.cells(run)["0/0/source"]
    changed = read_image(run.folder / "images" / cell["image"]).copy()
    level = int(changed[0, 0, 0])
    changed[0, 0, 0] = level + 7 if level < 128 else level - 7
    write_image(run.folder / "images" / cell["image"], changed)
    with sqlite3.connect(store.path) as connection:
        data = json.dumps({**cell, "pixels": pixel_hash(changed)})
        connection.execute("UPDATE cells SET data = ? WHERE run = ? AND key = '0/0/source'", (data, run.id))
    outcome = replay(store, run, model=tiny_model)
    assert (outcome.images - outcome.identical, outcome.max_difference) == (1, 7)


def test_a_replay_notices_other_weights(tiny_model, tmp_path):
    localize(tiny_model, make_pairs(1, embedded=False), out=tmp_path)
    store = RunStore(tmp_path)
    other = replace(wrap_pipeline(TINY["sdxl"](), "tiny"), defaults=tiny_model.defaults)
    with pytest.raises(InputError, match="fingerprint"):
        replay(store, store.get("last"), model=other)


def test_heads_windows_and_a_subset_of_sites_are_swept(tiny_model, tmp_path):
    done = localize(
        tiny_model, make_pairs(2, embedded=False), out=tmp_path, sites=["1-2"], heads=True, step_windows=2, seeds=[5, 7]
    )
    assert sorted(site.index for site in done.ranking.sites) == [1, 2]
    assert sorted(score.arm for score in done.head_scores) == ["1.h0", "1.h1", "2.h0", "2.h1"]
    assert sorted(score.arm for score in done.step_scores) == ["1@0-1", "1@1-2", "2@0-1", "2@1-2"]
    assert done.baseline.images == 4


def test_without_any_readable_text_no_small_set_is_claimed(tiny_model, tmp_path):
    done = localize(tiny_model, make_pairs(2, embedded=False), out=tmp_path)
    assert not done.found.reached
    assert len(done.found.indices) == len(done.ranking.sites)


def test_published_architectures_are_forecast_but_not_run(tmp_path):
    _, sites, settings, expected = plan("published:sdxl", 200)
    assert len(sites) == 70
    sweep = 200 * (1 + 2 + 70) * 50 * 2
    assert sweep < expected.denoiser_rows < 1.3 * sweep
    assert expected.weight_bytes == 2 * sites.total_parameters
    assert settings.sampling.steps == 50
    with pytest.raises(RefusedError, match="architecture alone"):
        localize("published:sdxl", 1, out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_images_of_one_pair_share_their_noise(result):
    folder = Path(result.folder) / "images"
    source = read_image(folder / "0-0-source.png").astype(int)
    target = read_image(folder / "0-0-target.png").astype(int)
    edges = np.r_[0:2, 94:96]
    assert np.abs(source[:, edges] - target[:, edges]).mean() < 12
    assert np.abs(source - target).mean() > 5
