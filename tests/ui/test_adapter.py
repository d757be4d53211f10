"""The adapter view without Jupyter: what would be trained, training that stops and goes on, exports, headers."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.tiny import TINY
from tests.ui.conftest import SETUP as LOCALIZED
from tests.ui.conftest import TINY_MODEL
from tests.ui.wire import Browser
from workbench.adapt.adapter import Adapter
from workbench.adapt.attach import adapter_on
from workbench.adapt.proof import STEPS
from workbench.models.model import Defaults
from workbench.models.open import wrap_pipeline
from workbench.patch.generate import Sampling, generate
from workbench.ui.workspace import Workspace

PROMPTS = ['A red sign that says "2479"', 'A red sign that says "HELP"']


@pytest.fixture(scope="module")
def panel(tiny_model, tmp_path_factory) -> Browser:
    other = replace(wrap_pipeline(TINY["sd3"](), "other"), defaults=Defaults(32, 32, 2, 3.0))
    browser = Browser(Workspace(tmp_path_factory.mktemp("adapter") / "store", {"tiny": tiny_model, "other": other}))
    assert browser.end_of(browser.ask("patching.start", **LOCALIZED)["job"])["status"] == "done"
    return browser


@pytest.fixture(scope="module")
def setup(panel) -> dict:
    found = panel.ask("found.list")["sets"][0]["name"]
    options = {"steps": 4, "batch": 2, "rank": 2, "validate_every": 2}
    return {"model": TINY_MODEL, "found": found, "data": None, "prompts": PROMPTS, **options}


@pytest.fixture(scope="module")
def trained(panel, setup) -> dict:
    job = panel.ask("adapter.start", **setup)["job"]
    event = panel.end_of(job)
    assert event["status"] == "done", event
    return {"job": job, "run": event["run"]}


@pytest.fixture
def exported(panel, trained) -> dict:
    """The header of an export that every test may rely on."""
    job = panel.ask("adapter.export", run=trained["run"], name="shared", format="diffusers", replace=True)["job"]
    assert panel.end_of(job)["status"] == "done"
    return panel.events("job.partial", job)[-1]["data"]["file"]


def folder_of(panel: Browser) -> Path:
    return panel.session.workspace.folder / "adapters"


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def image_of(model) -> np.ndarray:
    return generate(model, [PROMPTS[0]], [0], Sampling.of(model)).images[0]


def test_the_plan_names_every_module_and_what_it_costs(panel, setup):
    plan = panel.ask("adapter.plan", **setup)
    modules = [target["module"] for target in plan["targets"]]
    assert len(modules) == 4 * len(plan["sites"])
    assert {name.rpartition("attn2.")[2] for name in modules} == {"to_q", "to_k", "to_v", "to_out.0"}
    assert all(target["matched"] and target["rank"] == 2 for target in plan["targets"])
    assert plan["problems"] == []
    assert plan["images"] == 256
    assert not (panel.session.workspace.folder / "data").exists() or plan["seconds"] is not None


def test_a_found_set_of_another_model_blocks_training(panel, setup):
    wrong = {**setup, "model": {"source": "variable", "name": "other"}}
    plan = panel.ask("adapter.plan", **wrong)
    assert [target["matched"] for target in plan["targets"]] == [False] * len(plan["sites"])
    assert plan["problems"][0]["field"] == "found"
    assert plan["problems"][0]["message"].startswith("0 of 4 sites of this found set are in other.")
    ended = panel.end_of(panel.ask("adapter.start", **wrong)["job"])
    assert ended["error"]["type"] == "input"
    assert "0 of 4 sites" in ended["error"]["message"]


def test_a_partial_match_blocks_training_and_shows_which(panel, setup, tmp_path, monkeypatch):
    workspace = panel.session.workspace
    whole = workspace.found(setup["found"])
    changed = replace(whole, sites=(*whole.sites[:1], "up_blocks.9.attn2"), indices=(0, 9))
    monkeypatch.setattr(workspace, "found", lambda name: changed)
    plan = panel.ask("adapter.plan", **setup)
    assert [target["module"] for target in plan["targets"] if not target["matched"]] == ["up_blocks.9.attn2"]
    assert "1 of 2 sites" in plan["problems"][0]["message"]


def test_data_without_metadata_blocks_training(panel, setup, tmp_path):
    (problem,) = panel.ask("adapter.plan", **{**setup, "data": str(tmp_path)})["problems"]
    assert problem["field"] == "data"
    assert "metadata.jsonl" in problem["message"]


def test_a_training_is_a_run_with_losses_samples_and_a_proven_file(panel, setup, trained):
    result = panel.ask("adapter.result", run=trained["run"])
    assert result["status"] == "done"
    assert len(result["losses"]) == 4
    assert [(one["step"], one["prompt"]) for one in result["samples"]] == [(s, p) for s in (0, 2, 4) for p in (0, 1)]
    assert result["file"]["proof"]["matched"] == len(result["targets"])
    assert result["file"]["proof"]["round_trip_max_difference"] <= result["file"]["proof"]["tolerance"]
    assert result["setup"].items() >= setup.items()
    entry = next(run for run in panel.ask("runs.list")["runs"] if run["run"] == trained["run"])
    assert (entry["view"], entry["status"], entry["answer"]) == ("adapter", "done", "adapter on 0, 1, 2, 3, 4 steps")
    assert panel.events("job.partial", trained["job"])[-1]["data"] == result


def test_losses_come_while_it_trains(panel, trained):
    first = panel.events("job.partial", trained["job"])[0]["data"]
    assert first["status"] == "running"
    assert 1 <= len(first["losses"]) < 4
    assert first["file"] is None
    assert [sample["step"] for sample in first["samples"]][:2] == [0, 0]


def test_base_and_adapter_are_compared_from_the_same_noise(panel, trained, tiny_model):
    result = panel.ask("adapter.result", run=trained["run"])
    assert [one["trained"] for one in result["compared"]] == [True] * 4 + [False] * 4
    first = result["compared"][0]
    files = [first["base"]["file"], first["adapted"]["file"]]
    answer, images = panel.ask_for_files("adapter.images", run=trained["run"], files=[*files, "compared/base-99.png"])
    assert answer["files"] == files
    assert (pixels(images[0]) == image_of(tiny_model)).all()
    _, small = panel.ask_for_files("adapter.images", run=trained["run"], files=files, width=16)
    assert [pixels(file).shape for file in small] == [(16, 16, 3)] * 2
    run = panel.session.workspace.folder / trained["run"]
    with adapter_on(tiny_model, Adapter.load(run / "adapter.safetensors")):
        assert (pixels(images[1]) == image_of(tiny_model)).all()
    assert (first["drift"] == 0) == (pixels(images[0]) == pixels(images[1])).all()


@pytest.mark.parametrize("file", ["../runs.sqlite", "samples/../run.lock", "adapter.safetensors", "/etc/passwd"])
def test_only_images_of_the_training_are_given_out(panel, trained, file):
    assert panel.ask("adapter.images", run=trained["run"], files=[file])["type"] == "protocol"


def test_a_cancelled_training_keeps_its_steps_and_goes_on(panel, setup, trained):
    job = panel.ask("adapter.start", **{**setup, "steps": 100_000, "validate_every": None})["job"]
    panel.first_partial(job)
    assert panel.ask("jobs.cancel", job=job)["cancelled"]
    ended = panel.end_of(job)
    assert ended["status"] == "cancelled"
    stopped = panel.ask("adapter.result", run=ended["run"])
    assert stopped["status"] == "interrupted"
    assert len(stopped["losses"]) >= 1
    assert stopped["file"] is None
    assert panel.ask("adapter.export", run=ended["run"], name="early", format="peft")["type"] == "input"
    resumed = panel.ask("runs.resume", run=ended["run"])["job"]
    again = panel.first_partial(resumed)["losses"]
    panel.ask("jobs.cancel", job=resumed)
    panel.end_of(resumed)
    assert again[: len(stopped["losses"])] == stopped["losses"]
    assert len(again) > len(stopped["losses"])


def test_a_training_stopped_before_its_comparison_is_not_trained_again(panel, setup, trained, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("workbench.ui.comparison.compare_images", stop)
        ended = panel.end_of(panel.ask("adapter.start", **setup)["job"])
    assert ended["status"] == "cancelled"
    monkeypatch.setattr("workbench.adapt.train.train_adapter", stop)
    assert panel.end_of(panel.ask("runs.resume", run=ended["run"])["job"])["status"] == "done"
    one, other = (panel.ask("adapter.result", run=run) for run in (ended["run"], trained["run"]))
    assert one["losses"] == other["losses"]
    assert len(one["compared"]) == 8


def test_a_guarded_model_is_not_trained(panel, setup):
    panel.end_of(panel.ask("guard.switch", model=TINY_MODEL, found=setup["found"], on=True)["job"])
    try:
        assert panel.ask("adapter.start", **setup)["message"].startswith("Expected a model without a guard")
    finally:
        panel.end_of(panel.ask("guard.switch", model=TINY_MODEL, on=False)["job"])


@pytest.mark.parametrize(("kind", "name"), [("diffusers", "d.safetensors"), ("kohya", "k.safetensors"), ("peft", "p")])
def test_an_export_shows_each_step_of_its_proof(panel, trained, kind, name):
    job = panel.ask("adapter.export", run=trained["run"], name=name.removesuffix(".safetensors"), format=kind)["job"]
    assert panel.end_of(job)["status"] == "done"
    told = [event["data"] for event in panel.events("job.partial", job)]
    assert [one["steps"] for one in told[:-1]] == [list(STEPS[: count + 1]) for count in range(len(STEPS))]
    assert told[-1]["file"]["format"] == kind
    assert told[-1]["file"]["proof"]["matched"] == len(told[-1]["file"]["modules"])
    assert name in {file["name"] for file in panel.ask("adapter.files")["files"]}
    assert (folder_of(panel) / name).exists()


def test_what_is_there_is_replaced_only_when_asked(panel, trained, exported):
    before = (folder_of(panel) / "shared.safetensors").read_bytes()
    answer = panel.ask("adapter.export", run=trained["run"], name="shared", format="diffusers")
    assert answer["message"] == "Expected a name that is free; got 'shared.safetensors'."
    assert (folder_of(panel) / "shared.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["../x", "/elsewhere/x", "a/b", "", ".hidden", "a\x00b", "x" * 81])
def test_no_name_leads_out_of_the_folder_of_adapters(panel, trained, name):
    assert panel.ask("adapter.export", run=trained["run"], name=name, format="diffusers")["type"] == "protocol"


def test_a_link_out_of_the_folder_of_adapters_is_not_followed(panel, trained, exported, tmp_path):
    (folder_of(panel) / "link.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    try:
        answer = panel.ask("adapter.export", run=trained["run"], name="link", format="diffusers", replace=True)
        assert answer["type"] == "input"
        assert list(tmp_path.iterdir()) == []
    finally:
        (folder_of(panel) / "link.safetensors").unlink()


def test_a_failed_proof_leaves_no_file(panel, trained, monkeypatch):
    monkeypatch.setattr("workbench.adapt.proof.TOLERANCE", -1.0)
    ended = panel.end_of(panel.ask("adapter.export", run=trained["run"], name="failed", format="diffusers")["job"])
    assert ended["status"] == "failed"
    assert "nothing is written" in ended["error"]["message"]
    assert not list(folder_of(panel).glob("*failed*"))


def test_the_header_of_a_file_tells_whether_the_base_model_is_the_same(panel, exported):
    path = str(folder_of(panel) / "shared.safetensors")
    shown = panel.ask("adapter.show", path=path, model=TINY_MODEL)
    assert shown == {**exported, "same_model": True}
    assert panel.ask("adapter.show", path=path)["same_model"] is None
    other = panel.ask("adapter.show", path=path, model={"source": "variable", "name": "other"})
    assert other["same_model"] is False


def test_what_a_stranger_wrote_into_a_header_comes_out_as_plain_text_or_not_at_all(panel, tmp_path):
    tensors = {f"unet.a.lora_{side}.weight": torch.zeros(2, 2) for side in "AB"}
    evidence = {
        "model": ["<b>"],
        "licence": "<script>" + "x" * 10_000,
        "found": {"indices": [1, "<b>", None], "score": {"effect": "NaN"}},
        "proof": {"matched": "all", "loader": 3},
        "fingerprint": {"a": 1},
    }
    save_file(tensors, tmp_path / "a.safetensors", {"workbench": json.dumps(evidence)})
    shown = panel.ask("adapter.show", path=str(tmp_path / "a.safetensors"), model=TINY_MODEL)
    assert (shown["model"], shown["sites"], shown["effect"], shown["proof"]) == ("", [1], None, None)
    assert shown["same_model"] is False
    assert len(shown["licence"]) == 400


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04pickle", b"\x80\x04." * 9])
def test_what_is_no_adapter_is_refused(panel, tmp_path, content):
    (tmp_path / "bad.safetensors").write_bytes(content)
    assert panel.ask("adapter.show", path=str(tmp_path / "bad.safetensors"))["type"] == "input"


def test_the_script_does_what_the_panel_did(panel, setup, trained, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workbench-runs").symlink_to(panel.session.workspace.folder)
    settings = {**setup, "export": {"name": "mine", "format": "kohya"}}
    script = panel.ask("code.get", view="adapter", settings=settings)["code"]
    scope = {"tiny": tiny_model.pipeline}
    with monkeypatch.context() as patched:
        # A pipeline alone does not say how many steps the tiny model takes.
        patched.setattr("workbench.open_model", lambda _: tiny_model, raising=False)
        exec(script, scope)
    assert list(scope["result"].losses) == panel.ask("adapter.result", run=trained["run"])["losses"]
    assert (tmp_path / "mine.safetensors").is_file()
    plain = panel.ask("code.get", view="adapter", settings={**setup, "data": "signs", "rank": 4})["code"]
    assert "open_model" not in plain
    assert "write_samples" not in plain
    assert "rank" not in plain
