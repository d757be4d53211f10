"""The command `workbench adapt`: its JSON contract, its help, its exit codes."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

from tests.adapt.materials import found_set, random_adapter
from workbench.cli.main import main

CONTRACT = {"adapter", "targets", "matched", "trainable_parameters", "round_trip_max_difference"}
WRITTEN = ("train", "export", "show", "merge")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", "adapt", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


@pytest.fixture
def materials(tmp_path, glyph_unet):
    """A found set of two sites, an adapter of the embedded U-Net, and a folder of two captioned images."""
    found_set(glyph_unet, 1, 2).save(tmp_path / "found.json")
    random_adapter(glyph_unet).save(tmp_path / "a.safetensors")
    (tmp_path / "signs").mkdir()
    lines = []
    for index, word in enumerate(("12", "34")):
        Image.fromarray(np.full((32, 96, 3), 99 * index, np.uint8)).save(tmp_path / "signs" / f"{index}.png")
        lines.append(json.dumps({"file_name": f"{index}.png", "text": f'A red sign that says "{word}"'}))
    (tmp_path / "signs" / "metadata.jsonl").write_text("\n".join(lines))


TRAIN = ("train", "glyph-unet", "--found", "found.json", "--data", "signs", "--out", "o", "--steps", "1")


def test_from_a_found_set_to_other_tools(run, materials, tmp_path):
    code, out, _ = run(*TRAIN, "--rank", "1=2,2=3", "--alpha", "6", "--prompt", "a cat", "--json")
    trained = json.loads(out)
    assert code == 0
    assert set(trained) == CONTRACT
    assert trained["matched"] == len(trained["targets"]) == 8
    assert trained["round_trip_max_difference"] <= 1e-5
    code, out, _ = run(
        "export", trained["adapter"], "--model", "glyph-unet", "--format", "kohya", "--out", "k.safetensors", "--json"
    )
    assert code == 0
    assert set(json.loads(out)) == CONTRACT
    assert json.loads(out)["trainable_parameters"] == trained["trainable_parameters"]
    code, out, err = run("show", "k.safetensors", "--model", "glyph-unet", "--json")
    assert (code, err) == (0, "")
    assert set(json.loads(out)) >= CONTRACT
    assert json.loads(out)["same_base_model"] is True
    assert json.loads(out)["evidence"]["found"]["indices"] == [1, 2]
    code, out, err = run("show", "k.safetensors", "--model", "glyph-mmdit")
    assert code == 0
    assert "sites [1, 2], chosen by hand" in out
    assert "warning: glyph-mmdit has fingerprint" in err


def test_merging_writes_a_pipeline_or_one_adapter_by_the_name_of_out(run, materials, tmp_path):
    both = (
        "merge",
        "a.safetensors",
        "a.safetensors",
        "--scale",
        "0.5",
        "--scale",
        "0.25",
        "--model",
        "glyph-unet",
        "--json",
    )
    code, out, _ = run(*both, "--out", "stack.safetensors")
    assert code == 0
    assert set(json.loads(out)) == CONTRACT
    code, out, _ = run(*both, "--out", "merged")
    assert code == 0
    assert set(json.loads(out)) == CONTRACT
    assert (tmp_path / "merged" / "model_index.json").is_file()
    code, out, _ = run("show", "stack.safetensors")
    assert code == 0
    assert "load_lora_weights" in out


BAD = {
    "no such run": ((*TRAIN[:3], "nothing", *TRAIN[4:]), "no store"),
    "no data": ((*TRAIN[:5], "nowhere", *TRAIN[6:]), "metadata.jsonl"),
    "no such model": (("train", "glyph-unett", *TRAIN[2:]), "did you mean"),
    "a rank that is no number": ((*TRAIN, "--rank", "big"), "--rank"),
    "a rank of a site that was not found": ((*TRAIN, "--rank", "1=2,3=4"), "one rank for each"),
    "an unknown precision": ((*TRAIN, "--precision", "int8"), "precision"),
    "an unknown format": (
        ("export", "a.safetensors", "--model", "glyph-unet", "--format", "x", "--out", "b"),
        "format",
    ),
    "an export on top of a file": (
        ("export", "a.safetensors", "--model", "glyph-unet", "--out", "a.safetensors"),
        "which exists",
    ),
    "a pickle": (("show", "pickle.safetensors"), "pickle"),
    "one scale for two": (
        ("merge", "a.safetensors", "a.safetensors", "--scale", "1", "--model", "glyph-unet", "--out", "m"),
        "scale",
    ),
    "an adapter of another model": (("merge", "a.safetensors", "--model", "glyph-mmdit", "--out", "m"), "unet"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(run, materials, tmp_path, case):
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04N.")
    before = sorted(tmp_path.rglob("*"))
    words, expected = BAD[case]
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", WRITTEN)
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: workbench adapt {command}" in out
