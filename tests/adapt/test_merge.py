"""Merging into weights, and taking it out again bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.adapt.materials import Snapshot, fresh_model, images, random_adapter
from workbench import InputError, adapter_on, merge_adapter, open_model, save_merged


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_undoing_a_merge_gives_the_same_bits(dtype):
    model = fresh_model("sd3")
    model.pipeline.to(dtype)
    before = Snapshot.of(model)
    merge = merge_adapter(model, random_adapter(model), scale=0.37)
    assert not before.same_as(model)
    merge.undo()
    assert before.same_as(model)


@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_a_merged_model_draws_what_the_adapter_draws(name):
    model = fresh_model(name)
    adapter = random_adapter(model)
    with adapter_on(model, adapter, scale=0.5):
        wanted = images(model)
    merge_adapter(model, adapter, scale=0.5)
    assert np.abs(images(model) - wanted).max() < 1e-4


def test_a_merged_pipeline_opens_like_any_model(tmp_path, glyph_unet):
    adapter, before = random_adapter(glyph_unet), Snapshot.of(glyph_unet)
    folder = save_merged(glyph_unet, adapter, tmp_path / "merged")
    assert before.same_as(glyph_unet)
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    merged = open_model(folder)
    assert merged.defaults == glyph_unet.defaults
    for name, layer in adapter.layers.items():
        weight = before.weights[f"{name}.weight"] + layer.delta()
        assert torch.equal(merged.denoiser.get_submodule(name).weight, weight)
    with pytest.raises(InputError, match="which has one"):
        save_merged(glyph_unet, adapter, folder)
    save_merged(glyph_unet, adapter, folder, scale=2.0, overwrite=True)
    assert open_model(folder).fingerprint() != merged.fingerprint()


def test_other_things_are_never_replaced_by_a_pipeline(tmp_path):
    model = fresh_model("sd")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for name in ("file", "full"):
        with pytest.raises(InputError):
            save_merged(model, random_adapter(model), tmp_path / name, overwrite=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "notes.txt"]


def test_a_failed_write_leaves_model_and_folder_as_they_were(tmp_path, monkeypatch):
    model = fresh_model("sd")
    before = Snapshot.of(model)

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(model.pipeline, "save_pretrained", fail)
    with pytest.raises(OSError, match="no space"):
        save_merged(model, random_adapter(model), tmp_path / "merged")
    assert before.same_as(model)
    assert not list(tmp_path.iterdir())
