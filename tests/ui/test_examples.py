"""The recorded results of panels: of the shape that views expect, of the models that are there, and small."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from tests.ui.wire import Browser
from workbench.ui.examples import FOLDER, RECORDED
from workbench.ui.protocol import check_shape
from workbench.ui.site_maps import known_site_maps
from workbench.ui.workspace import Workspace

BYTES = 500_000
SETUPS: dict[str, dict[str, Any]] = {
    "patching": {
        "model": {"source": "embedded", "name": "glyph-mmdit"},
        "pairs": 4,
        "seeds": 1,
        "steps": None,
        "step_windows": 4,
        "share": 0.9,
        "drift_margin": 0.05,
    },
    "edit": {
        "model": {"source": "embedded", "name": "glyph-mmdit"},
        "found": RECORDED,
        "source": 'A red sign that says "HELP"',
        "targets": ["OPEN", "EXIT", "SALE"],
        "seeds": 2,
        "steps": None,
        "start_step": 0,
    },
    "explain": {
        "classifier": "hate-t5-mini",
        "texts": ["You are such a loser, just stay at home"],
        "method": "ig",
        "baseline": "pad",
        "target": None,
        "bound": 0.01,
    },
    "ablate": {
        "systems": ["vision/minimal"],
        "variants": ["symmetric", "collapsed_qk", "no_vo", "no_mlp", "identity", "uniform", "random_symmetric"],
        "seeds": 1,
        "steps": 30,
        "finetune": 0,
    },
}


def record(folder: Path) -> dict[str, dict[str, Any]]:
    """Run what panels would run and return their examples, by view; the edit takes the found set of the first."""
    browser = Browser(Workspace(folder))
    recorders = {"patching": _patching, "edit": _edit, "explain": _explain, "ablate": _ablate}
    try:
        return {view: {"setup": SETUPS[view], **recorders[view](browser, SETUPS[view])} for view in SETUPS}
    finally:
        browser.session.close()


def _end(browser: Browser, request: str, setup: dict[str, Any]) -> dict[str, Any]:
    ended = browser.end_of(browser.ask(request, **setup)["job"])
    assert ended["status"] == "done", ended
    return ended


def _patching(browser: Browser, setup: dict[str, Any]) -> dict[str, Any]:
    run = _end(browser, "patching.start", setup)["run"]
    result = browser.ask("patching.result", run=run)
    shown = [result["baseline"], result["all_sites"], result["found"]["score"], *result["singles"]]
    asked = [
        {"pair": pair, "seed": seed, "arm": arm}
        for pair in range(len(result["pairs"]))
        for seed in result["seeds"]
        for arm in dict.fromkeys(one["arm"] for one in shown)
    ]
    reply, files = browser.ask_for_files("images.get", run=run, items=asked)
    return {"results": [{**result, "run": RECORDED}], "items": _with_files(reply["items"], files)}


def _edit(browser: Browser, setup: dict[str, Any]) -> dict[str, Any]:
    (found,) = browser.ask("found.list")["sets"]
    run = _end(browser, "edit.start", {**setup, "found": found["name"]})["run"]
    result = browser.ask("edit.result", run=run)
    read = {(one["pair"], one["seed"], one["method"]): one["text"] for one in result["images"]}
    asked = [{"pair": pair, "seed": seed, "method": method} for pair, seed, method in read]
    _, files = browser.ask_for_files("edit.images", run=run, items=asked)
    items = [{"pair": pair, "seed": seed, "arm": arm, "text": text} for (pair, seed, arm), text in read.items()]
    return {"results": [{**result, "run": RECORDED}], "items": _with_files(items, files)}


def _with_files(items: list[dict[str, Any]], files: list[Any]) -> list[dict[str, Any]]:
    return [{**item, "png": b64encode(bytes(file)).decode()} for item, file in zip(items, files, strict=True)]


def _explain(browser: Browser, setup: dict[str, Any]) -> dict[str, Any]:
    jobs = [_end(browser, request, setup)["job"] for request in ("explain.start", "explain.compare")]
    results = [browser.ask("explain.result", job=job) for job in jobs]
    return {"results": [{**result, "job": RECORDED} for result in results], "items": []}


def _ablate(browser: Browser, setup: dict[str, Any]) -> dict[str, Any]:
    run = _end(browser, "ablate.start", setup)["run"]
    return {"results": [{**browser.ask("ablate.result", run=run), "run": RECORDED}], "items": []}


@pytest.mark.parametrize("view", SETUPS)
def test_an_example_has_the_shape_of_its_view_and_is_small(browser, view):
    reply, files = browser.ask_for_files("examples.get", view=view)
    check_shape(f"{view}_setup", reply["setup"])
    assert reply["setup"] == SETUPS[view]
    for result in reply["results"]:
        check_shape(f"{view}_result", result)
        assert result.get("run", result.get("job")) == RECORDED
    assert len(files) == len(reply["items"])
    assert (FOLDER / f"{view}.json").stat().st_size < BYTES


def test_the_example_of_patching_is_of_the_model_that_is_embedded(browser, tmp_path):
    reply, files = browser.ask_for_files("examples.get", view="patching")
    (result,) = reply["results"]
    known = known_site_maps()[result["model"]]
    shown = [{key: site[key] for key in known["sites"][0]} for site in result["site_map"]["sites"]]
    assert shown == known["sites"]
    texts = {(item["pair"], item["arm"]): item["text"] for item in reply["items"]}
    assert any(
        texts[place, result["found"]["score"]["arm"]] == pair["target_text"] != texts[place, "source"]
        for place, pair in enumerate(result["pairs"])
    )
    for place, png in enumerate(files):
        file = tmp_path / f"{place}.png"
        file.write_bytes(png)
        assert Image.open(file).size == (96, 32)


def test_nothing_is_recorded_of_an_unknown_view(browser):
    assert browser.ask("examples.get", view="../secrets")["type"] == "input"


def test_examples_write_nothing(browser, workspace):
    for view in SETUPS:
        browser.ask("examples.get", view=view)
    assert not workspace.folder.exists()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as store:
        for name, example in record(Path(store)).items():
            (FOLDER / f"{name}.json").write_text(json.dumps(example, ensure_ascii=False) + "\n", encoding="utf-8")
