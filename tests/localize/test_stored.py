"""A stored localisation read without its model: scores so far, another rule, sets asked for by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny import TINY
from workbench.errors import InputError
from workbench.localize.localize import localize, resume, score_set
from workbench.localize.pairs import make_pairs
from workbench.localize.stages import patch_arm
from workbench.localize.stored import StoredLocalization
from workbench.models.model import Defaults
from workbench.models.open import wrap_pipeline
from workbench.patch.arms import SOURCE
from workbench.runs.store import RunStore
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

# Source, target, all sites, and each of the four sites alone.
IMAGES_OF_PAIR = 7


@pytest.fixture(scope="module")
def tiny_model():
    return replace(wrap_pipeline(TINY["sd"](), "tiny"), defaults=Defaults(32, 32, 2, 3.0))


@pytest.fixture(scope="module")
def found_run(glyph_unet, tmp_path_factory):
    """A run that finds two of twelve sites."""
    result = localize(glyph_unet, 2, out=tmp_path_factory.mktemp("found"), steps=4)
    return result, RunStore(Path(result.folder).parent), find_sites(glyph_unet)


def stop_after(calls: int):
    seen = []

    def stop() -> bool:
        seen.append(1)
        return len(seen) > calls

    return stop


def stop_after_images(folder: Path, images: int):
    """Stop as soon as so many images are in the store."""

    def stop() -> bool:
        runs = RunStore(folder).list() if (folder / "runs.sqlite").exists() else []
        return any(run.cells >= images for run in runs)

    return stop


def stop_after_pairs(folder: Path, pairs: int):
    """Stop in the first stage as soon as so many pairs are in the store."""
    return stop_after_images(folder, pairs * IMAGES_OF_PAIR)


def test_the_run_says_which_it_is_and_stores_its_sites(tiny_model, tmp_path):
    runs = []
    result = localize(tiny_model, make_pairs(1, embedded=False), out=tmp_path, on_run=runs.append)
    assert [run.id for run in runs] == [result.run]
    assert SiteMap.load(runs[0].folder / "sites.json") == find_sites(tiny_model)


def test_a_finished_run_gives_the_scores_of_its_result(found_run):
    result, store, sites = found_run
    stored = StoredLocalization(store, store.get(result.run), sites)
    assert stored.pairs_done == 2
    assert stored.score(SOURCE) == result.baseline
    assert tuple(stored.scores(stored.nested())) == result.trade_off
    assert tuple(stored.scores(stored.random_sets())) == result.random_sets
    assert stored.heads() == []
    assert stored.found().sites == result.found.indices
    found = stored.found_set(result.found.indices)
    assert replace(found, complement=result.found.complement) == result.found


def test_another_rule_chooses_another_set_from_the_same_images(found_run):
    result, store, sites = found_run
    stored = StoredLocalization(store, store.get(result.run), sites)
    effects = {score.arm: score.effect for score in result.trade_off}
    best = max(effects.values())
    easy = stored.found(share=0.01, drift_margin=1.0)
    assert len(easy.sites) == 1
    assert stored.score(easy).effect >= 0.01 * result.all_sites.effect
    assert best > 0
    assert stored.found(share=1.0, drift_margin=0.0) != easy


def test_scores_so_far_are_those_of_the_complete_pairs(tiny_model, tmp_path):
    pairs = make_pairs(3, embedded=False)
    sites = find_sites(tiny_model)
    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, pairs, out=tmp_path / "cut", should_stop=stop_after_pairs(tmp_path / "cut", 1))
    whole = localize(tiny_model, pairs[:1], out=tmp_path / "whole")
    store = RunStore(tmp_path / "cut")
    stored = StoredLocalization(store, store.get("last"), sites)
    assert stored.pairs_done == 1
    by_site = {site.index: site.score for site in whole.ranking.sites}
    alone = stored.scores([patch_arm(stored.settings, [site]) for site in by_site])
    assert {score.sites[0]: score for score in alone} == by_site
    assert stored.nested() == []
    assert stored.found() is None
    with pytest.raises(InputError, match="score them first"):
        stored.found_set([0])


def test_heads_are_scored_from_the_first_pair_on(tiny_model, tmp_path):
    pairs, sites = make_pairs(2, embedded=False), find_sites(tiny_model)
    heads = sum(site.heads for site in sites)
    stop = stop_after_images(tmp_path, 2 * IMAGES_OF_PAIR + heads)
    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, pairs, out=tmp_path, heads=True, should_stop=stop)
    store = RunStore(tmp_path)
    half = StoredLocalization(store, store.get("last"), sites)
    assert [score.images for score in half.scores(half.heads())] == heads * [1]
    result = resume(store, store.get("last"), model=tiny_model)
    stored = StoredLocalization(store, store.get("last"), sites)
    assert tuple(stored.scores(stored.heads())) == result.head_scores
    assert stored.step_windows() == []


def test_a_set_asked_for_by_hand_leaves_the_run_as_it_was(tiny_model, tmp_path):
    pairs = make_pairs(2, embedded=False)
    result = localize(tiny_model, pairs, out=tmp_path)
    store = RunStore(tmp_path)
    run = store.get(result.run)
    with pytest.raises(KeyboardInterrupt):
        score_set(store, run, [0, 3], model=tiny_model, should_stop=stop_after(2))
    assert store.get(run.id).status == "done"
    half = StoredLocalization(store, store.get(run.id), find_sites(tiny_model))
    assert half.score(patch_arm(half.settings, [0, 3])).images == 1
    score = score_set(store, run, ["3", 0], model=tiny_model)
    assert (score.sites, score.images) == ((0, 3), 2)
    stored = StoredLocalization(store, store.get(run.id), find_sites(tiny_model))
    assert stored.scores(stored.asked_sets()) == [score]
    cells = store.get(run.id).cells
    assert score_set(store, run, [0, 3], model=tiny_model) == score
    assert store.get(run.id).cells == cells
    assert resume(store, store.get(run.id), model=tiny_model).ranking == result.ranking


def test_a_set_that_was_asked_for_halfway_does_not_harm_the_stages(tiny_model, tmp_path):
    """The set is one of the nested sets, but only one of its pairs was done by hand."""
    pairs = make_pairs(2, embedded=False)
    whole = localize(tiny_model, pairs, out=tmp_path / "whole")
    nested = whole.trade_off[1].sites
    store = RunStore(tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, pairs, out=store.root, should_stop=stop_after_pairs(store.root, 2))
    run = store.get("last")
    with pytest.raises(KeyboardInterrupt):
        score_set(store, run, nested, model=tiny_model, should_stop=stop_after(2))
    assert store.get(run.id).status == "interrupted"
    assert resume(store, store.get(run.id), model=tiny_model).trade_off == whole.trade_off


def test_a_set_needs_the_source_images_of_all_pairs(tiny_model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        localize(tiny_model, make_pairs(2, embedded=False), out=tmp_path, should_stop=stop_after_pairs(tmp_path, 1))
    store = RunStore(tmp_path)
    with pytest.raises(InputError, match="resume the run"):
        score_set(store, store.get("last"), [0], model=tiny_model)
