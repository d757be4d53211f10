"""The patching view without Jupyter: every request against a real tiny pipeline."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import SETUP, TINY_MODEL
from tests.ui.wire import Browser
from workbench.localize.localize import localize
from workbench.localize.pairs import make_pairs
from workbench.localize.result import FoundSet, Localization
from workbench.runs.images import pixel_hash
from workbench.ui.workspace import Workspace


@pytest.fixture
def stored(finished) -> Localization:
    return Localization.load(finished.workspace.folder / finished.run / "result.json")


def as_plain(score) -> dict:
    fields = ("arm", "sites", "effect", "ci", "drift", "drift_ci", "target_f1", "word_accuracy", "images")
    return json.loads(json.dumps({name: asdict(score)[name] for name in fields}))


def test_models_are_embedded_ones_and_live_pipelines(finished):
    models = finished.browser.ask("models.list")["models"]
    assert [(entry["source"], entry["name"]) for entry in models] == [
        ("embedded", "glyph-mmdit"),
        ("embedded", "glyph-unet"),
        ("variable", "tiny"),
    ]
    assert models[-1]["family"] == "unet"
    assert all(entry["refused"] == "" for entry in models)


def test_a_pipeline_that_cannot_be_patched_is_listed_with_the_reason(workspace, browser, tiny_model):
    class Refused(type(tiny_model.pipeline)):
        unet = None

    workspace.variables = {"no": object.__new__(Refused), "text": "x", "_hidden": tiny_model}
    *_, entry = browser.ask("models.list")["models"]
    assert entry["name"] == "no"
    assert "pipeline" in entry["refused"]


def test_sites_of_a_model(finished):
    sites = finished.browser.ask("models.sites", model=TINY_MODEL)
    assert [site["index"] for site in sites["sites"]] == list(range(len(sites["sites"])))
    assert sites["steps"] == 2


def test_the_forecast_is_that_of_the_verb_and_takes_its_speed_from_history(finished, stored, browser):
    expected = finished.browser.ask("patching.forecast", **SETUP)
    assert expected["denoiser_rows"] == stored.cost["forecast"]["denoiser_rows"]
    speed = stored.cost["seconds"] / stored.cost["denoiser_rows"]
    assert expected["seconds"] == pytest.approx(speed * expected["denoiser_rows"])
    assert browser.ask("patching.forecast", **SETUP)["seconds"] is None


def test_a_forecast_writes_nothing(browser, workspace):
    browser.ask("patching.forecast", **SETUP)
    browser.ask("runs.list")
    browser.ask("found.list")
    assert not workspace.folder.exists()


def test_progress_grows_and_results_so_far_come_before_the_last_one(finished):
    states = finished.browser.events("job", finished.job)
    done = [state["done"] for state in states]
    assert done == sorted(done)
    assert states[0]["status"] == "queued"
    assert states[-1]["status"] == "done"
    partial = finished.browser.first_partial(finished.job)
    assert partial["status"] == "running"
    assert partial["pairs_done"] == 1
    assert {score["images"] for score in partial["singles"]} == {1}
    assert partial["found"] is None
    last = finished.browser.events("job.partial", finished.job)[-1]["data"]
    assert last["found"] is not None


def test_the_result_is_that_of_the_verb(finished, stored):
    result = finished.browser.ask("patching.result", run=finished.run)
    assert result["status"] == "done"
    by_index = sorted(stored.ranking.sites, key=lambda site: site.index)
    assert result["singles"] == [as_plain(site.score) for site in by_index]
    assert result["trade_off"] == [as_plain(score) for score in stored.trade_off]
    assert result["random_sets"] == [as_plain(score) for score in stored.random_sets]
    assert result["baseline"] == as_plain(stored.baseline)
    assert result["found"]["sites"] == list(stored.found.indices)
    assert result["found"]["reached"] == stored.found.reached
    effects = {(score["site"], *score["window"]): score["effect"] for score in result["step_scores"]}
    assert len(effects) == 2 * len(by_index)
    assert result["head_scores"] == []
    assert set(effects.values()) == {score.effect for score in stored.step_scores}


def test_heads_are_swept_where_asked_for_and_have_images(browser, workspace):
    setup = {**SETUP, "pairs": 1, "step_windows": 1, "heads": True}
    forecasts = [browser.ask("patching.forecast", **{**setup, "heads": heads})["images"] for heads in (False, True)]
    end = browser.end_of(browser.ask("patching.start", **setup)["job"])
    result = browser.ask("patching.result", run=end["run"])
    heads = {(one["score"]["sites"][0], one["head"]): one["score"] for one in result["head_scores"]}
    sites = result["site_map"]["sites"]
    assert list(heads) == [(site["index"], head) for site in sites for head in range(site["heads"])]
    assert forecasts[1] - forecasts[0] == len(heads)
    stored = Localization.load(workspace.folder / end["run"] / "result.json")
    assert list(heads.values()) == [as_plain(score) for score in stored.head_scores]
    wanted = [{"pair": 0, "seed": 0, "arm": score["arm"]} for score in heads.values()]
    reply = browser.ask("images.get", run=end["run"], items=wanted)
    assert [item["arm"] for item in reply["items"]] == [score["arm"] for score in heads.values()]


def test_a_screening_tells_of_every_site_and_the_best_alone_are_patched(browser, workspace):
    setup = {**SETUP, "pairs": 1, "step_windows": 1, "screen": 2}
    cheap, dear = (browser.ask("patching.forecast", **{**setup, "screen": screen})["images"] for screen in (2, 0))
    end = browser.end_of(browser.ask("patching.start", **setup)["job"])
    result = browser.ask("patching.result", run=end["run"])
    screened = [one["site"] for one in result["screening"]]
    assert result["screen"] == 2
    assert sorted(screened) == [site["index"] for site in result["site_map"]["sites"]]
    assert sorted(one["sites"][0] for one in result["singles"]) == sorted(screened[:2])
    assert cheap < dear
    stored = Localization.load(workspace.folder / end["run"] / "result.json")
    assert [site.index for site in stored.screening.sites] == screened
    assert "screening" in {event["stage"] for event in browser.events("job", end["job"])}


def test_a_run_of_a_script_opens_too_even_without_its_table_of_sites(workspace, browser, tiny_model):
    done = localize(tiny_model, make_pairs(1, embedded=False), out=workspace.folder, steps=2)
    first = browser.ask("patching.result", run=done.run)
    assert first["found"]["sites"] == list(done.found.indices)
    (Path(done.folder) / "sites.json").unlink()
    again = browser.ask("patching.result", run=done.run)
    # The memory that is free changes from one moment to the next.
    for result in (first, again):
        result["forecast"].pop("free_bytes")
    assert again == first


def test_any_set_of_sites_is_patched_together_once_and_can_be_kept(finished):
    ask, workspace = finished.browser.ask, finished.workspace
    before = ask("patching.result", run=finished.run)
    refused = ask("patching.keep", run=finished.run, sites=[0, 3], name="mine")
    assert refused["type"] == "input"
    assert not (workspace.folder / "found").exists()
    end = finished.browser.end_of(ask("patching.combine", run=finished.run, sites=[3, 0])["job"])
    assert (end["status"], end["done"], end["total"]) == ("done", 2, 2)
    after = ask("patching.result", run=finished.run)
    assert [score["sites"] for score in after["combined"]] == [[0, 3]]
    assert {**after, "combined": []} == {**before, "seconds": after["seconds"]} | {"forecast": after["forecast"]}
    cells = workspace.run(finished.run)[1].cells
    finished.browser.end_of(ask("patching.combine", run=finished.run, sites=[0, 3])["job"])
    assert workspace.run(finished.run)[1].cells == cells
    path = Path(ask("patching.keep", run=finished.run, sites=[0, 3], name="mine")["path"])
    assert path == workspace.folder / "found" / "mine.json"
    kept = FoundSet.load(path)
    assert kept.indices == (0, 3)
    assert kept.rule == f"chosen by hand in run {finished.run}"
    assert workspace.found("mine") == kept
    assert "free" in ask("patching.keep", run=finished.run, sites=[0], name="mine")["message"]
    assert ask("patching.keep", run=finished.run, sites=[0], name="mine", replace=True)["path"] == str(path)
    assert FoundSet.load(path).indices == (0,)
    (path.parent / "notes.json").write_text("[1]")
    listed = ask("found.list")["sets"]
    assert [(entry["name"], entry["run"]) for entry in listed] == [("mine", None), (finished.run, finished.run)]


def test_sites_that_do_not_exist_are_refused_by_the_job(finished):
    end = finished.browser.end_of(finished.browser.ask("patching.combine", run=finished.run, sites=[99])["job"])
    assert end["status"] == "failed"
    assert end["error"]["type"] == "input"
    assert "99" in end["error"]["message"]


def test_images_are_the_stored_files_and_missing_ones_are_left_out(finished):
    wanted = [{"pair": 0, "seed": 0, "arm": arm} for arm in ("source", "target", "never")]
    wanted.append({"pair": 9, "seed": 0, "arm": "../../runs"})
    reply, files = finished.browser.ask_for_files("images.get", run=finished.run, items=wanted)
    assert [item["arm"] for item in reply["items"]] == ["source", "target"]
    store, run = finished.workspace.run(finished.run)
    for item, file in zip(reply["items"], files, strict=True):
        cell = store.cells(run)[f"0/0/{item['arm']}"]
        image = np.asarray(Image.open(io.BytesIO(file)))
        assert pixel_hash(image) == cell["pixels"]
        assert item["text"] == cell["text"]


def test_lists_get_thumbnails_and_small_images_stay_as_they_are(finished):
    ask = finished.browser.ask_for_files
    items = [{"pair": 0, "seed": 0, "arm": "source"}]
    _, (whole,) = ask("images.get", run=finished.run, items=items)
    _, (small,) = ask("images.get", run=finished.run, items=items, width=8)
    assert Image.open(io.BytesIO(small)).size == (8, 8)
    for width in (32, 96):
        assert ask("images.get", run=finished.run, items=items, width=width)[1] == [whole]
    assert finished.browser.ask("images.get", run=finished.run, items=items, width=0)["type"] == "protocol"


def test_another_rule_needs_no_new_image(finished, stored):
    cells = finished.workspace.run(finished.run)[1].cells
    own = finished.browser.ask("patching.found", run=finished.run, share=0.9, drift_margin=0.05)["found"]
    assert own is None or own["sites"] == list(stored.found.indices)
    assert finished.workspace.run(finished.run)[1].cells == cells


def test_cancelling_keeps_what_was_done_and_the_run_goes_on_later(workspace, browser, tiny_model):
    setup = {**SETUP, "pairs": 4}
    job = browser.ask("patching.start", **setup)["job"]
    queued = browser.ask("patching.start", **setup)["job"]
    browser.first_partial(job)
    assert browser.ask("jobs.cancel", job=queued)["cancelled"]
    assert browser.ask("jobs.cancel", job=job)["cancelled"]
    end = browser.end_of(job)
    assert end["status"] == "cancelled"
    assert browser.end_of(queued)["run"] is None
    assert not browser.ask("jobs.cancel", job=job)["cancelled"]
    (entry,) = browser.ask("runs.list")["runs"]
    assert (entry["run"], entry["status"]) == (end["run"], "interrupted")
    part = browser.ask("patching.result", run=end["run"])
    assert part["pairs_done"] > 0
    cells = workspace.run(end["run"])[1].cells
    assert browser.end_of(browser.ask("runs.resume", run=end["run"])["job"])["status"] == "done"
    whole = localize(tiny_model, 4, out=workspace.folder, steps=2, step_windows=2)
    assert cells < workspace.run(whole.run)[1].cells
    shown = browser.ask("patching.result", run=end["run"])
    assert shown["singles"] == browser.ask("patching.result", run=whole.run)["singles"]


def test_a_reconnecting_panel_hears_of_the_jobs(finished):
    again = Browser(finished.workspace)
    jobs = {job["job"]: job for job in again.ask("hello", version=1)["jobs"]}
    assert jobs[finished.job]["run"] == finished.run
    assert jobs[finished.job]["status"] == "done"
    again.session.close()


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"pairs": [{"source": "a", "target": 'b "B"'}]}, "input", "double quotes"),
        ({"pairs": "none.csv"}, "input", "readable CSV"),
        ({"model": {"source": "variable", "name": "gone"}}, "input", "'gone'"),
        ({"model": {"source": "embedded", "name": "glyph"}}, "input", "embedded model"),
        ({"model": {"source": "folder", "name": "nowhere"}}, "input", "a folder"),
        ({"model": {"source": "hub", "name": "../../etc/passwd"}}, "input", "hub id"),
        ({"step_windows": 9}, "input", "window"),
        ({"heads": 2}, "protocol", "heads"),
        ({"seeds": 0}, "protocol", "seeds"),
        ({"pairs": []}, "protocol", "pairs"),
    ],
)
def test_bad_settings_are_answered_with_what_to_do(browser, change, kind, words):
    error = browser.ask("patching.forecast", **{**SETUP, **change})
    assert error["type"] == kind
    assert words in error["message"]
    assert error["hint"]


def test_a_job_that_fails_says_how(workspace, browser, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("not enough memory: you tried to allocate 7 bytes")

    monkeypatch.setattr("workbench.localize.job.run_batch", fail)
    end = browser.end_of(browser.ask("patching.start", **SETUP)["job"])
    assert end["status"] == "failed"
    assert end["error"]["type"] == "memory"
    assert "Traceback" in end["error"]["details"]
    assert [entry["status"] for entry in browser.ask("runs.list")["runs"]] == ["failed"]


@pytest.mark.parametrize("run", ["20260101-000000-0000", "../../20260101-0000"])
def test_unknown_runs(browser, run):
    assert browser.ask("patching.result", run=run)["type"] in ("input", "protocol")


def test_names_that_lead_out_of_the_store_are_refused(finished):
    for name in ("../x", "/elsewhere/x", "a/b", ".hidden", "a\0", ""):
        error = finished.browser.ask("patching.keep", run=finished.run, sites=[0], name=name)
        assert error["type"] == "protocol"


@pytest.mark.parametrize(
    ("pairs", "sweep"),
    [
        (1, {"heads": True}),
        (1, {"screen": 1}),
        ([{"source": 'A red sign that says "HE\'P"', "target": 'A red sign "OPEN" \\ {x}'}], {"seeds": 2}),
        ("pairs.csv", {"step_windows": 2}),
    ],
)
def test_the_copied_script_does_what_the_panel_shows(pairs, sweep, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pairs.csv").write_text('source,target\n"A ""NA"" sign","A ""BE"" sign"\n')
    workspace = Workspace(variables={"tiny": tiny_model})
    browser = Browser(workspace)
    usual = {"seeds": 1, "steps": 2, "share": 0.8, "drift_margin": 0.05}
    setup = {"model": TINY_MODEL, "pairs": pairs, **usual, **sweep}
    code = browser.ask("code.get", view="patching", settings=setup)["code"]
    assert "drift_margin" not in code
    assert all(f"    {name}={value},\n" in code for name, value in sweep.items())
    values = {"tiny": tiny_model}
    exec(code, values)
    shown = browser.end_of(browser.ask("patching.start", **setup)["job"])
    store, run = workspace.run(shown["run"])
    assert store.get(values["result"].run).config == run.config
    browser.session.close()


def test_code_for_variables_that_are_no_names_is_refused(browser):
    setup = {**SETUP, "model": {"source": "variable", "name": "x); import os"}}
    assert browser.ask("code.get", view="patching", settings=setup)["type"] == "input"
    assert browser.ask("code.get", view="runs", settings={})["type"] == "input"
    assert browser.ask("code.get", view="patching", settings={"pairs": 1})["type"] == "protocol"
