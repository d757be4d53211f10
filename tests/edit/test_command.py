"""`workbench edit` on the embedded models: the text changes, the rest stays, and the JSON contract holds."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench import localize, make_pairs
from workbench.cli.main import main
from workbench.glyph.captions import Caption, draw_caption
from workbench.runs.images import read_image, write_image

PROMPTS = ("--source", 'A red sign that says "STOP"', "--target", 'A red sign that says "EXIT"')
KEYS = {"run", "model", "found", "images", "text", "drift", "seconds", "denoiser_rows", "methods", "readings", "notes"}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `workbench edit` in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["workbench", "edit", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return int(end.value.code or 0), out.out, out.err

    return call


@pytest.fixture(scope="session")
def localized(glyph_unet, tmp_path_factory) -> Path:
    """The store of a short localisation of the embedded U-Net."""
    out = tmp_path_factory.mktemp("localized")
    localize(glyph_unet, make_pairs(1, embedded=True), out=out, steps=5, random_sets=0)
    return out


def edges_moved(one: Path, other: Path) -> float:
    """Mean difference of the two outermost columns, where no text is, in grey levels."""
    edges = np.r_[0:2, 94:96]
    return float(np.abs(read_image(one)[:, edges].astype(int) - read_image(other)[:, edges].astype(int)).mean())


def test_edit_as_json(run, localized, tmp_path):
    code, out, _ = run(
        "glyph-unet", "--found", "last", "--runs", str(localized), *PROMPTS, "--steps", "12", "--out", "o", "--json"
    )
    data = json.loads(out)
    assert code == 0
    assert set(data) == KEYS | {"cost", "report"}
    assert set(data["text"]) == {"target_f1", "source_f1", "word_accuracy"}
    assert set(data["drift"]) == {"ssim", "psnr", "outside_text"}
    methods = {method["method"]: method for method in data["methods"]}
    assert list(methods) == ["source", "found", "all_sites", "regenerate", "p2p"]
    assert data["text"] == methods["found"]["text"]
    assert data["images"] == methods["found"]["images"]
    assert data["text"]["word_accuracy"] == 1
    assert methods["source"]["text"]["source_f1"] == 1
    assert data["drift"]["outside_text"] < 0.1
    (edited,), (source,) = data["images"], methods["source"]["images"]
    assert edges_moved(Path(edited), Path(source)) < 12
    assert Path(data["report"]).is_file()
    assert all(Path(path).resolve().is_relative_to(tmp_path / "o") for path in [*data["images"], data["report"]])
    assert {path.name for path in tmp_path.iterdir()} == {"o"}


def test_a_given_image_as_a_table(run, localized, tmp_path):
    drawn = draw_caption(Caption("STOP", "red", "sign"), random.Random(0))
    write_image(tmp_path / "photo.png", (drawn.clip(0, 1) * 255).round().astype(np.uint8))
    words = ("--image", "photo.png", *PROMPTS, "--steps", "8", "--out", "o")
    code, out, _ = run("glyph-unet", "--found", "last", "--runs", str(localized), *words)
    assert code == 0
    assert "regenerate" in out
    page = Path(out.rpartition("page: ")[2].strip())
    html = page.read_text(encoding="utf-8")
    assert "The inversion alone" in html
    assert html.count(">given<") == 1
    result = json.loads((page.parent / "result.json").read_text())
    assert next(score for score in result["scores"] if score["method"] == "source")["ssim"] > 0.8
    assert [image["text"] for image in result["images"] if image["method"] == "found"] == ["EXIT"]


def test_a_benchmark_has_intervals(run, localized):
    found = next(localized.glob("*/found.json"))
    words = ("--pairs", "2", "--seeds", "2", "--steps", "3", "--start-step", "1", "--out", "o", "--json")
    code, out, _ = run("glyph-unet", "--found", str(found), *words)
    data = json.loads(out)
    assert code == 0
    assert len(data["images"]) == 4
    for method in data["methods"]:
        low, high = method["ci"]["target_f1"]
        assert low <= method["text"]["target_f1"] <= high


BAD = {
    "neither prompts nor pairs": ([], "none of them"),
    "prompts and pairs": ([*PROMPTS, "--pairs", "3"], "--pairs"),
    "source alone": (list(PROMPTS[:2]), "--target"),
    "image without prompts": (["--image", "x.png", "--pairs", "2"], "--image"),
    "image that is not there": ([*PROMPTS, "--image", "x.png"], "readable image"),
    "prompt without quoted text": (["--source", "a", "--target", "b"], "double quotes"),
    "start step beyond the last": ([*PROMPTS, "--steps", "4", "--start-step", "4"], "start step below 4"),
    "head that is not there": ([*PROMPTS, "--head", "99"], "heads from 0"),
    "missing pairs file": (["--pairs", "none.csv"], "CSV"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_exit_code_2(run, localized, tmp_path, case):
    words, expected = BAD[case]
    code, out, err = run("glyph-unet", "--found", "last", "--runs", str(localized), *words, "--out", "o")
    assert (code, out) == (2, "")
    assert expected in err
    assert not list(tmp_path.iterdir())


def test_an_unknown_found_set_is_exit_code_2(run, tmp_path):
    code, _, err = run("glyph-unet", "--found", "nothing", *PROMPTS)
    assert code == 2
    assert "workbench localize" in err
    assert not list(tmp_path.iterdir())


def test_help_has_an_example(run):
    code, out, _ = run("--help")
    assert code == 0
    assert "Example: workbench edit" in out
