"""The command line: its JSON contract, its exit codes and its error messages."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli.main import main
from workbench.models.open import EMBEDDED
from workbench.runs.store import RunStore


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


def test_models_as_json(run):
    code, out, _ = run("models", "--json")
    cards = json.loads(out)
    assert code == 0
    assert [card["name"] for card in cards] == ["glyph-mmdit", "glyph-unet"]
    for card in cards:
        assert set(card) == {"name", "family", "sites", "parameters", "planted_sites"}
        assert card["sites"] >= 11
        assert 1 <= len(card["planted_sites"]) <= 3


@pytest.mark.parametrize("model", ["glyph-mmdit", "published:sd3-medium"])
def test_sites_as_json(run, model):
    code, out, _ = run("sites", model, "--json")
    data = json.loads(out)
    assert code == 0
    assert set(data) == {"model", "family", "sites", "total_parameters"}
    assert [site["index"] for site in data["sites"]] == list(range(len(data["sites"])))
    assert set(data["sites"][0]) == {"index", "name", "kind", "heads", "head_dim", "text_kv_parameters"}


def test_localize_as_json_and_then_its_runs(run, tmp_path):
    code, out, _ = run("localize", "glyph-unet", "--pairs", "2", "--steps", "8", "--out", "o", "--json")
    data = json.loads(out)
    assert code == 0
    keys = {"run", "model", "sites", "baseline", "all_sites", "control", "found", "cost", "report"}
    assert set(data) == keys
    assert set(data["sites"][0]) == {"index", "name", "effect", "ci", "drift"}
    assert {"sites", "parameters", "share"} <= set(data["found"])
    assert data["cost"]["denoiser_rows"] > 0
    assert Path(data["report"]).is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"o"}
    code, out, _ = run("runs", "list", "--out", "o", "--json")
    assert [item["status"] for item in json.loads(out)] == ["done"]
    code, out, _ = run("runs", "show", data["run"], "--out", "o", "--json")
    assert json.loads(out)["config"]["settings"]["sampling"]["steps"] == 8
    code, out, _ = run("runs", "resume", "last", "--out", "o", "--json")
    assert json.loads(out)["found"] == data["found"]
    code, out, _ = run("runs", "replay", "last", "--out", "o", "--json")
    assert json.loads(out)["identical"] == json.loads(out)["images"]


def test_localize_a_pair_of_prompts_prints_a_table(run):
    prompts = ("--source", 'A red sign that says "HELP"', "--target", 'A red sign that says "CODY"')
    code, out, _ = run("localize", "glyph-unet", *prompts, "--steps", "4", "--out", "o")
    assert code == 0
    assert "found set" in out
    assert "report:" in out
    assert "screening" not in out


def test_a_screening_is_told_in_the_table_and_in_the_document(run):
    prompts = ("--source", 'A red sign that says "HELP"', "--target", 'A red sign that says "CODY"')
    asked = ("localize", "glyph-unet", *prompts, "--steps", "4", "--screen", "3", "--out", "o")
    code, out, _ = run(*asked)
    assert code == 0
    assert "left out the other 9 sites" in out
    data = json.loads(run(*asked, "--json")[1])
    assert len(data["sites"]) == 3
    assert len(data["screening"]["sites"]) == 12


def test_the_forecast_runs_nothing(run, tmp_path):
    code, out, _ = run("localize", "published:sdxl", "--pairs", "200", "--forecast", "--json")
    assert code == 0
    assert json.loads(out)["denoiser_rows"] > 1_000_000
    assert not list(tmp_path.iterdir())


def write_pickle_folder(folder: Path) -> None:
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))


BAD = {
    "unknown model": (["sites", "glyph-mmditt"], "did you mean 'glyph-mmdit'"),
    "unknown published model": (["sites", "published:sdxxl"], "published"),
    "folder without a pipeline": (["sites", "./plain"], "model_index.json"),
    "pickle instead of safetensors": (["sites", "./pickled"], "safetensors"),
    "weights of an architecture": (["localize", "published:sdxl"], "weights"),
    "empty pairs file": (["localize", "--pairs", "empty.csv"], "CSV"),
    "missing pairs file": (["localize", "--pairs", "none.csv"], "CSV"),
    "prompt without quoted text": (["localize", "--source", "a", "--target", "b"], "double quotes"),
    "source without target": (["localize", "--source", 'a "A"'], "--target"),
    "site that matches nothing": (["localize", "--site", "down.*"], "no match"),
    "no pairs": (["localize", "--pairs", "0"], "at least one pair"),
    "unwritable output folder": (["localize", "--out", "file/x"], "writable"),
    "newer store": (["localize", "--out", "newer"], "version 99"),
    "unknown reader": (["localize", "--reader", "nope"], "rapidocr"),
    "no store": (["runs", "list", "--out", "nothing"], "runs.sqlite"),
    "unknown run": (["runs", "show", "x", "--out", "empty-store"], "run id"),
    "unknown family": (["train-glyph", "--family", "gan", "--out", "g"], "mmdit"),
    "unknown option": (["localize", "--wrong"], "No such option"),
    "steps below one": (["localize", "--steps", "0"], "--steps"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(run, tmp_path, case):
    (tmp_path / "plain").mkdir()
    write_pickle_folder(tmp_path / "pickled")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "file").write_text("x")
    for name, version in (("newer", 99), ("empty-store", 0)):
        (tmp_path / name).mkdir()
        with sqlite3.connect(tmp_path / name / "runs.sqlite") as connection:
            connection.execute(f"PRAGMA user_version = {version}")
    before = sorted(path for path in tmp_path.rglob("*") if "empty-store" not in str(path))
    words, expected = BAD[case]
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
    after = sorted(path for path in tmp_path.rglob("*") if "empty-store" not in str(path))
    assert [path for path in after if path not in before] == []


def test_nan_images_are_bad_input(run, monkeypatch, glyph_unet):
    import torch

    from workbench.models import open as opening

    broken = glyph_unet.denoiser.conv_out.bias
    kept = broken.detach().clone()
    monkeypatch.setattr("workbench.localize.localize.open_model", lambda name: glyph_unet)
    with torch.no_grad():
        broken.fill_(float("nan"))
    try:
        code, _, err = run("localize", "glyph-unet", "--pairs", "1", "--steps", "1")
    finally:
        with torch.no_grad():
            broken.copy_(kept)
    assert opening.EMBEDDED.is_dir()
    assert code == 2
    assert "NaN" in err


def test_a_failing_job_is_exit_code_1_and_its_run_says_why(run, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the device is gone")

    monkeypatch.setattr("workbench.localize.job.run_batch", fail)
    code, _, err = run("localize", "glyph-unet", "--pairs", "1", "--steps", "1", "--out", "o")
    assert code == 1
    assert "the device is gone" in err
    code, out, _ = run("runs", "show", "last", "--out", "o")
    assert code == 0
    assert "failure   after 0 cells: RuntimeError: the device is gone\n" in out
    assert "Traceback" not in out
    code, out, _ = run("runs", "show", "last", "--out", "o", "--json")
    assert "in fail" in json.loads(out)["failure"]["details"]


def test_ctrl_c_is_exit_code_1_and_the_run_can_go_on(run, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("workbench.localize.job.run_batch", interrupt)
        code, out, err = run("localize", "glyph-unet", "--pairs", "1", "--steps", "2", "--out", "o", "--json")
    assert (code, out) == (1, "")
    assert "runs resume last" in err
    code, out, _ = run("runs", "list", "--out", "o", "--json")
    assert [item["status"] for item in json.loads(out)] == ["interrupted"]
    assert run("runs", "resume", "last", "--out", "o", "--json")[0] == 0


def test_runs_of_other_verbs_are_not_resumed_or_replayed_as_localisations(run, tmp_path):
    store = RunStore(tmp_path / "o")
    store.set_status(store.create("guard", "glyph-unet", {}, {}), "done")
    for command in ("resume", "replay"):
        code, out, err = run("runs", command, "last", "--out", "o")
        assert (code, out) == (2, "")
        assert "guard" in err


GROUPS = {
    "runs": ("list", "show", "resume", "replay"),
    "adapt": ("train", "export", "show", "merge"),
    "kernels": ("status",),
}
COMMANDS = [
    *([name] for name in ("models", "sites", "localize", "edit", "guard", "train-glyph", "lab")),
    *([group, name] for group, names in GROUPS.items() for name in names),
]


@pytest.mark.parametrize("words", [[], *([group] for group in GROUPS), *COMMANDS], ids=" ".join)
def test_every_command_has_help_with_an_example(run, words):
    code, out, _ = run(*words, "--help")
    assert code == 0
    if words in COMMANDS:
        assert "Example: workbench" in out


def test_the_installed_package_is_whole(tmp_path):
    """Run outside the checkout, so that what `pip install` put in place is what runs."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", "sites", "glyph-mmdit", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["sites"]) == 12


def test_embedded_models_are_safetensors_of_at_most_16_mib():
    for folder in (path for path in EMBEDDED.iterdir() if path.is_dir()):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}
        assert sum(path.stat().st_size for path in files) <= 16 * 2**20
