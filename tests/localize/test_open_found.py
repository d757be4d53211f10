"""A found set is opened from an object, a file or a run, and fits only models that have its sites."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.report.synthetic import localization
from workbench.errors import InputError
from workbench.localize.open_found import found_sites, open_found
from workbench.runs.store import RunStore


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return localization(tmp_path_factory.mktemp("made"), pairs=2, heads=False, windows=1)[0]


def test_objects_and_files_of_both_kinds(result, tmp_path):
    result.save(tmp_path / "result.json")
    result.found.save(tmp_path / "found.json")
    for source in (result, result.found, tmp_path / "result.json", str(tmp_path / "found.json")):
        assert open_found(source) == result.found


def test_runs_by_id_and_the_newest_localisation_that_is_done(result, tmp_path):
    store = RunStore(tmp_path)
    runs = [store.create(verb, "glyph-unet", {}, {}) for verb in ("localize", "localize", "edit")]
    found = [replace(result.found, rule=run.id) for run in runs]
    for run, chosen in zip(runs, found, strict=True):
        replace(result, found=chosen).save(run.folder / "result.json")
    for run in (runs[0], runs[2]):
        store.set_status(run, "done")
    assert open_found("last", runs=tmp_path) == found[0]
    assert open_found(runs[0].id, runs=tmp_path) == found[0]
    for run, status in ((runs[1], "running"), (runs[2], "edit")):
        with pytest.raises(InputError, match=status):
            open_found(run.id, runs=tmp_path)


@pytest.mark.parametrize("text", ["", "[1]", "{}", json.dumps({"found": {"sites": []}}), "\ud800"])
def test_files_that_hold_no_found_set(text, tmp_path):
    path = tmp_path / "found.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="that `FoundSet"):
        open_found(path)


def test_neither_a_file_nor_a_store(tmp_path):
    with pytest.raises(InputError, match="workbench localize"):
        open_found("last", runs=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_sites_are_looked_up_in_the_model(result, glyph_unet, glyph_mmdit):
    names = ("up_blocks.0.attentions.1.transformer_blocks.1.attn2", "mid_block.attentions.0.transformer_blocks.0.attn2")
    assert tuple(site.name for site in found_sites(glyph_unet, replace(result.found, sites=names))) == names
    for sites in (names, ()):
        with pytest.raises(InputError, match="localise this model"):
            found_sites(glyph_mmdit, replace(result.found, sites=sites))
