"""The edit view without Jupyter: edits and their images, guards on and off, and what must not leave the kernel."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.tiny import TINY
from tests.ui.conftest import SETUP as LOCALIZED
from tests.ui.conftest import TINY_MODEL
from tests.ui.wire import Browser
from workbench.errors import InputError
from workbench.models.model import Model
from workbench.models.open import wrap_pipeline
from workbench.patch.generate import Sampling, generate
from workbench.runs.images import write_image
from workbench.ui.edits import pairs_of
from workbench.ui.guards import switch_off, switch_on
from workbench.ui.handlers import find_view
from workbench.ui.protocol import check_shape
from workbench.ui.workspace import Workspace

SLUR = "bitch"
SOURCE = 'A sign that says "HELP"'


@pytest.fixture(scope="module")
def panel(tiny_model, tmp_path_factory) -> Browser:
    browser = Browser(Workspace(tmp_path_factory.mktemp("edit") / "store", {"tiny": tiny_model}))
    assert browser.end_of(browser.ask("patching.start", **LOCALIZED)["job"])["status"] == "done"
    return browser


@pytest.fixture(scope="module")
def setup(panel) -> dict:
    found = panel.ask("found.list")["sets"][0]["name"]
    return {"model": TINY_MODEL, "found": found, "source": SOURCE, "targets": ["OPEN", "CATS"], "steps": 2}


@pytest.fixture(scope="module")
def edited(panel, setup) -> dict:
    job = panel.ask("edit.start", **setup)["job"]
    event = panel.end_of(job)
    assert event["status"] == "done", event
    return {"job": job, "run": event["run"]}


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def switched(panel: Browser, **how) -> dict:
    return panel.end_of(panel.ask("guard.switch", model=TINY_MODEL, **how)["job"])


def image_of(model) -> np.ndarray:
    return generate(model, [f'A sign that says "{SLUR}"'], [0], Sampling.of(model)).images[0]


def test_every_target_is_edited_by_every_method(panel, edited):
    result = panel.ask("edit.result", run=edited["run"])
    assert [pair["target_text"] for pair in result["pairs"]] == ["OPEN", "CATS"]
    methods = {method["method"] for method in result["methods"]}
    assert {"source", "found", "all_sites", "regenerate"} <= methods
    assert {image["method"] for image in result["images"] if image["pair"] == 1} >= {"source", "found"}


def test_the_job_ends_with_the_result(panel, edited):
    data = panel.events("job.partial", edited["job"])[-1]["data"]
    assert data == panel.ask("edit.result", run=edited["run"])


def test_images_come_as_files_and_unknown_ones_are_left_out(panel, edited):
    wanted = [{"pair": 0, "seed": 0, "method": "source"}, {"pair": 1, "seed": 0, "method": "found"}]
    missing = {"pair": 9, "seed": 0, "method": "found"}
    answer, files = panel.ask_for_files("edit.images", run=edited["run"], items=[wanted[0], missing, wanted[1]])
    assert answer["items"] == wanted
    assert [pixels(file).shape for file in files] == [(32, 32, 3)] * 2
    _, small = panel.ask_for_files("edit.images", run=edited["run"], items=wanted, width=16)
    assert [pixels(file).shape for file in small] == [(16, 16, 3)] * 2


def test_an_edit_shows_in_the_list_of_runs(panel, edited):
    entry = next(run for run in panel.ask("runs.list")["runs"] if run["run"] == edited["run"])
    assert (entry["view"], entry["status"]) == ("edit", "done")
    assert entry["answer"].startswith("edited at ")


def test_a_localisation_is_no_edit(panel):
    run = next(run["run"] for run in panel.ask("runs.list")["runs"] if run["verb"] == "localize")
    assert panel.ask("edit.result", run=run)["type"] == "input"


def test_a_cancelled_edit_is_resumed(panel, setup, edited, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("workbench.ui.jobs.Job.check_stop", lambda _: None)
        patched.setattr("workbench.ui.jobs.Job.should_stop", lambda _: True)
        assert panel.end_of(panel.ask("edit.start", **setup)["job"])["status"] == "cancelled"
    run = panel.ask("runs.list")["runs"][0]["run"]
    assert panel.ask("edit.result", run=run)["message"].startswith("Expected a finished edit")
    assert panel.end_of(panel.ask("runs.resume", run=run)["job"])["status"] == "done"
    again, before = (panel.ask("edit.result", run=name) for name in (run, edited["run"]))
    assert again["images"] == before["images"]


def test_target_texts_take_the_place_of_the_quoted_one():
    pairs = pairs_of({"source": 'A "HELP" and "MORE"', "targets": [" \\1 ", "OPEN"]})
    assert [pair.target for pair in pairs] == ['A "\\1" and "MORE"', 'A "OPEN" and "MORE"']


@pytest.mark.parametrize(("source", "target"), [("A sign", "OPEN"), (SOURCE, " "), (SOURCE, 'X" and "Y')])
def test_prompts_that_cannot_be_edited_are_refused(source, target):
    with pytest.raises(InputError):
        pairs_of({"source": source, "targets": [target]})


def test_the_script_does_what_the_panel_did(panel, setup, edited, tiny_model, monkeypatch):
    monkeypatch.chdir(panel.session.workspace.folder.parent)
    script = panel.ask("code.get", view="edit", settings=setup)["code"]
    scope = {"tiny": tiny_model}
    exec(script.replace("    steps=2,", f"    steps=2,\n    runs={str(panel.session.workspace.folder)!r},"), scope)
    assert [image.pixels for image in scope["result"].images] == [
        cell["pixels"]
        for cell in panel.session.workspace.store().cells(panel.session.workspace.run(edited["run"])[1]).values()
    ]
    assert find_view("edit").code(setup) == script


def test_the_script_names_the_file_of_a_kept_set(panel, setup):
    assert (
        "'workbench-runs/found/mine.json'"
        in panel.ask("code.get", view="edit", settings={**setup, "found": "mine"})["code"]
    )


def test_an_image_from_a_file_is_edited_as_forecast(panel, setup, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    write_image(tmp_path / "photo.png", noise)
    asked = {**setup, "seeds": 1, "image": str(tmp_path / "photo.png")}
    expected = panel.ask("edit.forecast", **asked)
    end = panel.end_of(panel.ask("edit.start", **asked)["job"])
    result = panel.ask("edit.result", run=end["run"])
    assert result["given"] and result["seeds"] == [0]
    store, run = panel.session.workspace.run(end["run"])
    assert expected["images"] == len(store.cells(run))
    inverted = 4 * result["steps"]
    assert expected["denoiser_rows"] == store.cost(run)["denoiser_rows"] + inverted
    assert f"image={asked['image']!r}" in panel.ask("code.get", view="edit", settings=asked)["code"]
    missing = panel.end_of(panel.ask("edit.start", **{**asked, "image": "none.png"})["job"])
    assert missing["error"]["type"] == "input"
    assert "none.png" in missing["error"]["message"]


def test_the_script_of_a_guard_guards(panel, setup, tiny_model, monkeypatch):
    monkeypatch.chdir(panel.session.workspace.folder.parent)
    prompt = 'A red sign that says "DAMN"'
    guard = {"model": TINY_MODEL, "found": setup["found"], "prompt": prompt, "seed": 3}
    script = panel.ask("code.get", view="edit", settings={"guard": guard})["code"]
    scope = {"tiny": tiny_model}
    where = f", runs={str(panel.session.workspace.folder)!r}) as log"
    exec(script.replace(") as log", where), scope)
    assert len(scope["log"].changes) == 1
    assert "DAMN" not in repr(scope["log"])
    assert panel.ask("code.get", view="edit", settings={"guard": {**guard, "seed": -1}})["type"] == "protocol"


def test_a_guard_changes_the_image_and_off_is_bit_identical(panel, setup, tiny_model):
    before = image_of(tiny_model)
    assert switched(panel, found=setup["found"], on=True)["status"] == "done"
    try:
        state = panel.ask("guard.list")["guards"][0]
        assert (state["model"], state["found"], state["same_weights"]) == (TINY_MODEL, setup["found"], True)
        assert not (image_of(tiny_model) == before).all()
        assert panel.ask("edit.start", **setup)["message"].startswith("Expected a model without a guard")
        twice = switched(panel, found=setup["found"], on=True)
        assert twice["error"]["type"] == "input"
    finally:
        switched(panel, on=False)
    assert panel.ask("guard.list")["guards"] == []
    assert (image_of(tiny_model) == before).all()
    assert switched(panel, on=False)["error"]["type"] == "input"


def test_a_trial_shows_what_was_replaced_and_masks_it(panel, setup, tiny_model):
    plain = image_of(tiny_model)
    switched(panel, found=setup["found"], on=True)
    try:
        job = panel.ask("guard.try", model=TINY_MODEL, prompt=f'A sign that says "{SLUR}"', seed=0)["job"]
        assert panel.end_of(job)["status"] == "done"
        assert not (image_of(tiny_model) == plain).all()
    finally:
        switched(panel, on=False)
    trial = panel.events("job.partial", job)[-1]["data"]
    check_shape("guard_trial", trial)
    assert trial["prompt"] == 'A sign that says "b...."'
    assert [change["word"] for change in trial["changes"]] == ["b...."]
    assert trial["changes"][0]["replacement"] in trial["harmless_prompt"]
    assert (trial["left_alone"], trial["identical"]) == ([], False)
    assert SLUR not in json.dumps([content for content, _ in panel.received])
    (guarded,), (unguarded,) = (
        panel.ask_for_files("guard.image", job=job, unguarded=unguarded)[1] for unguarded in (False, True)
    )
    assert (pixels(unguarded) == plain).all()
    assert not (pixels(guarded) == plain).all()


def test_toxic_words_outside_the_quotes_are_left_alone_and_said(panel, setup):
    switched(panel, found=setup["found"], on=True)
    try:
        job = panel.ask("guard.try", model=TINY_MODEL, prompt=f'A {SLUR} holds a sign "HELP"')["job"]
        panel.end_of(job)
    finally:
        switched(panel, on=False)
    trial = panel.events("job.partial", job)[-1]["data"]
    assert (trial["changes"], trial["left_alone"], trial["identical"]) == ([], ["b...."], True)


def test_trials_need_a_guard_and_images_a_trial(panel):
    failed = panel.end_of(panel.ask("guard.try", model=TINY_MODEL, prompt="HELP")["job"])
    assert failed["error"]["message"].startswith("Expected a guarded model")
    assert panel.ask("guard.image", job="job-999")["type"] == "input"


def test_a_guard_is_not_turned_on_without_a_found_set(panel):
    assert panel.ask("guard.switch", model=TINY_MODEL, on=True)["type"] == "protocol"


def test_a_guarded_model_stays_open_however_many_others_are_opened(panel, setup, tiny_model, monkeypatch):
    opened = []

    def open_anew(source: str, name: str, _: object) -> Model:
        opened.append(name)
        return replace(tiny_model, name=name)

    workspace, guarded = panel.session.workspace, {"source": "embedded", "name": "guarded"}
    others = [{"source": "embedded", "name": name} for name in "abc"]
    monkeypatch.setattr("workbench.ui.models.open_reference", open_anew)
    switch_on(workspace, guarded, setup["found"])
    try:
        for other in [*others, guarded]:
            workspace.model(other)
        assert opened.count("guarded") == 1
    finally:
        switch_off(workspace, guarded)
    for other in [*others, guarded]:
        workspace.model(other)
    assert opened.count("guarded") == 2


def test_nothing_is_patched_on_a_guarded_model(panel, setup):
    run = next(run["run"] for run in panel.ask("runs.list")["runs"] if run["verb"] == "localize")
    same = {"source": "variable", "name": "again"}
    variables = panel.session.workspace.variables
    variables["again"] = variables["tiny"]
    switched(panel, found=setup["found"], on=True)
    try:
        started = [panel.ask("patching.combine", run=run, sites=[0, 1]), panel.ask("runs.resume", run=run)]
        started += [panel.ask("patching.start", **{**LOCALIZED, "model": same})]
        for answer in started:
            error = panel.end_of(answer["job"])["error"]
            assert (error["type"], error["hint"]) == ("input", "Turn the guard off first.")
        refused = panel.ask("patching.start", **LOCALIZED)
        assert refused["message"].startswith("Expected a model without a guard")
    finally:
        switched(panel, on=False)
        del variables["again"]


def test_a_forecast_is_what_the_edit_then_costs(panel, setup, edited):
    expected = panel.ask("edit.forecast", **setup)
    workspace = panel.session.workspace
    store, run = workspace.run(edited["run"])
    assert expected["images"] == len(store.cells(run))
    assert expected["denoiser_rows"] == store.cost(run)["denoiser_rows"]
    assert expected["pairs"] == len(setup["targets"])
    assert panel.ask("edit.forecast", **{**setup, "found": "nothing"})["type"] == "input"


def test_a_variable_that_now_holds_another_pipeline_is_not_taken_for_the_guarded_one(panel, setup, tiny_model):
    variables = panel.session.workspace.variables
    switched(panel, found=setup["found"], on=True)
    try:
        variables["tiny"] = wrap_pipeline(TINY["sd"](), "tiny")
        tried = panel.end_of(panel.ask("guard.try", model=TINY_MODEL, prompt="HELP")["job"])
        assert tried["error"]["message"].startswith("Expected the pipeline that is guarded as 'tiny'")
    finally:
        variables["tiny"] = tiny_model
        switched(panel, on=False)
