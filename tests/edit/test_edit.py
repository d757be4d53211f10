"""Edits on tiny pipelines: what each method's row sees, what is refused, and how a run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.edit.materials import OTHER, STEPS, found_set
from tests.patch.tiny_runs import LONGER, SOURCE, TARGET, model_of
from workbench import (
    EditResult,
    InputError,
    Patch,
    RefusedError,
    RunStore,
    Sampling,
    edit_benchmark,
    edit_text,
    find_sites,
    generate,
    make_pairs,
    open_model,
)
from workbench.edit.edit import resume
from workbench.runs.images import pixel_hash


def differences(one: EditResult, other: EditResult, method: str) -> int:
    pairs = zip(one.pictures(method), other.pictures(method), strict=True)
    return max(int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in pairs)


@pytest.mark.parametrize(
    ("name", "how"),
    [("sd", {}), ("sd", {"start_step": 2}), ("sd3", {"heads": (1,)}), ("sd3", {}), ("flux", {"start_step": 1})],
)
def test_the_edit_is_the_source_with_the_target_at_the_found_sites_alone(name, how, tmp_path):
    model = model_of(name)
    result = edit_text(model, found_set(model, 1), SOURCE, TARGET, seeds=[7], steps=STEPS, out=tmp_path, **how)
    patch = Patch(find_sites(model)[1], 1, how.get("heads"), (how.get("start_step", 0), None))
    # The same place in a batch of the same size, since kernels may differ between places.
    prompts = [SOURCE, TARGET, SOURCE, SOURCE, *[TARGET] * (name == "sd")]
    rows = generate(model, prompts, [7] * len(prompts), Sampling.of(model, steps=STEPS), patches={2: [patch]}).images
    assert np.array_equal(result.pictures("found")[0], rows[2])
    assert np.array_equal(result.pictures("source")[0], rows[0])
    assert np.array_equal(result.pictures("regenerate")[0], rows[1])
    assert not np.array_equal(rows[2], rows[0])


def test_all_sites_of_a_cross_attention_unet_give_the_target_itself(edited):
    for swapped, plain in zip(edited.pictures("all_sites"), edited.pictures("regenerate"), strict=True):
        assert np.abs(swapped.astype(int) - plain.astype(int)).max() <= 1


def test_several_targets_are_rows_of_one_batch_and_share_their_source(edited):
    store = RunStore(Path(edited.folder).parent)
    run = store.get(edited.run)
    assert len(store.batches(run)) == 2
    assert len(edited.paths("source")) == 2
    assert len(edited.paths("found")) == 4
    rows_of_image = 2 * STEPS
    assert store.cost(run)["denoiser_rows"] == 2 * rows_of_image * (1 + 2 * 4)


def test_an_edit_does_not_depend_on_what_shares_its_batch(edited, tmp_path):
    sd = model_of("sd")
    how = {"seeds": [3, 8], "steps": STEPS}
    apart = edit_text(sd, found_set(sd, 1), SOURCE, [TARGET, OTHER], out=tmp_path, max_rows=5, **how)
    assert len(RunStore(tmp_path).batches(RunStore(tmp_path).get("last"))) == 4
    assert max(differences(edited, apart, method) for method in ("found", "regenerate", "p2p")) <= 1


def test_the_same_prompt_twice_changes_nothing(tmp_path):
    sd = model_of("sd")
    result = edit_text(sd, found_set(sd, 0, 2), SOURCE, SOURCE, out=tmp_path)
    for method in ("found", "all_sites", "regenerate", "p2p"):
        assert np.array_equal(result.pictures(method)[0], result.pictures("source")[0])
        assert result.score(method).outside_text == pytest.approx(0, abs=1e-6)


def test_figures_of_the_methods(edited):
    source, plain = edited.score("source"), edited.score("regenerate")
    assert [score.method for score in edited.scores] == ["source", "found", "all_sites", "regenerate", "p2p"]
    assert source.ssim == pytest.approx(1)
    assert source.psnr > 100 > plain.psnr
    assert plain.ssim < 1
    assert {score.images for score in edited.scores} == {4}
    rows = {score.method: score.denoiser_rows for score in edited.scores}
    image = 2 * STEPS
    assert rows == {
        "source": image,
        "regenerate": image,
        "found": 2 * image,
        "all_sites": 2 * image,
        "p2p": 2 * image,
    }
    low, high = plain.ci["ssim"]
    assert low <= plain.ssim <= high


def test_the_result_is_stored_with_its_images(edited):
    folder = Path(edited.folder)
    assert EditResult.load(folder / "result.json") == edited
    assert list(edited.to_dataframe()["method"]) == [score.method for score in edited.scores]
    for image in edited.images:
        path = folder / "images" / image.file
        assert path in edited.paths(image.method)
    hashes = {image.file: image.pixels for image in edited.images}
    for path, picture in zip(edited.paths("found"), edited.pictures("found"), strict=True):
        assert pixel_hash(picture) == hashes[path.name]
    assert not list(folder.rglob("*.part"))
    with pytest.raises(InputError, match="regenerate"):
        edited.score("magic")


def test_what_a_notebook_shows_is_escaped(edited):
    hostile = replace(edited, model="<script>alert(1)</script>")
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()
    assert "found" in repr(edited)


def test_prompts_of_unequal_length_have_no_prompt_to_prompt(tmp_path):
    sd = model_of("sd")
    result = edit_text(sd, found_set(sd, 1), SOURCE, [TARGET, LONGER], out=tmp_path)
    assert {image.pair for image in result.images if image.method == "p2p"} == {0}
    assert any("1 of 2 pairs" in note for note in result.notes)


@pytest.mark.parametrize("name", ["sd3", "pixart-sigma", "if"])
def test_models_without_cross_attention_maps_of_a_unet_say_so(name, tmp_path):
    model = model_of(name)
    result = edit_text(model, found_set(model, 0), SOURCE, TARGET, out=tmp_path)
    assert "p2p" not in [score.method for score in result.scores]
    assert any(note.startswith("Prompt-to-Prompt is left out") for note in result.notes)


def test_found_elsewhere_is_said(tmp_path):
    sd = model_of("sd")
    other = replace(found_set(sd, 1), fingerprint="0" * 16, model="another")
    assert any("another" in note for note in edit_text(sd, other, SOURCE, TARGET, out=tmp_path).notes)


def test_a_run_that_is_interrupted_goes_on_to_the_same_result(tmp_path):
    sd = model_of("sd")
    pairs, found = make_pairs(2, embedded=False), found_set(sd, 1)
    whole = edit_benchmark(sd, found, pairs, seeds=2, out=tmp_path / "whole")
    calls = []

    def stop() -> bool:
        calls.append(1)
        return len(calls) == 5

    with pytest.raises(KeyboardInterrupt):
        edit_benchmark(sd, found, pairs, seeds=2, out=tmp_path / "cut", should_stop=stop)
    store = RunStore(tmp_path / "cut")
    run = store.get("last")
    assert run.status == "interrupted"
    assert 0 < len(store.batches(run)) < 4
    resumed = resume(store, run, model=sd)
    assert [image.pixels for image in resumed.images] == [image.pixels for image in whole.images]
    assert [image.text for image in resumed.images] == [image.text for image in whole.images]
    assert store.get("last").status == "done"
    assert resume(store, store.get("last"), model=sd) == resumed


def test_resuming_needs_an_edit_and_the_same_weights(edited):
    store = RunStore(Path(edited.folder).parent)
    run = store.get(edited.run)
    with pytest.raises(InputError, match="fingerprint"):
        resume(store, run, model=model_of("sdxl"))
    with pytest.raises(InputError, match="run of `edit`"):
        resume(store, replace(run, verb="localize"), model=model_of("sd"))


BAD = {
    "source without quotes": ({"source": "a sign"}, "double quotes"),
    "target without quotes": ({"target": ["a sign"]}, "double quotes"),
    "no target": ({"target": []}, "at least one pair"),
    "start step beyond the last": ({"start_step": 5}, "start step below 5"),
    "head that is not there": ({"heads": (99,)}, "heads from 0"),
    "too few rows": ({"max_rows": 4}, "at least 5 rows"),
    "seed twice": ({"seeds": [1, 1]}, "distinct seeds"),
    "image that is not there": ({"image": "none.png"}, "readable image"),
    "unknown reader": ({"reader": "nope"}, "rapidocr"),
    "found file that is not there": ({"found": "none.json"}, "found set"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_anything_is_written(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sd = model_of("sd")
    change, expected = BAD[case]
    call = {"found": found_set(sd, 1), "source": SOURCE, "target": [TARGET], "steps": STEPS, "out": "o", **change}
    with pytest.raises(InputError, match=expected):
        edit_text(sd, **call)
    assert not list(tmp_path.iterdir())


def test_sites_of_another_model_and_missing_weights_are_refused(tmp_path):
    with pytest.raises(InputError, match="localise this model"):
        edit_text(model_of("sd"), found_set(model_of("sdxl"), 1), SOURCE, TARGET, out=tmp_path / "o")
    published = open_model("published:sdxl")
    with pytest.raises(RefusedError, match="architecture alone"):
        edit_text(published, found_set(model_of("sd"), 1), SOURCE, TARGET, out=tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_a_found_set_is_read_from_its_file(tmp_path):
    sd = model_of("sd")
    file = tmp_path / "found.json"
    found_set(sd, 2).save(file)
    result = edit_text(sd, file, SOURCE, TARGET, out=tmp_path / "o")
    assert result.found == (find_sites(sd)[2].name,)
    assert json.loads((Path(result.folder) / "result.json").read_text())["found"] == list(result.found)
