"""What is written can be loaded the public way and draws the same images, or it is not written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.adapt.materials import Snapshot, found_set, fresh_model, images, random_adapter
from workbench import (
    Adapter,
    AdapterExport,
    InputError,
    RefusedError,
    adapter_on,
    export_adapter,
    inspect_adapter,
    load_adapter,
)
from workbench.adapt import formats

NAMES = {"diffusers": "a.safetensors", "kohya": "k.safetensors", "peft": "p"}
FORMATS = pytest.mark.parametrize("kind", sorted(NAMES))


@pytest.fixture(scope="module", params=["sd", "sd3"])
def model(request):
    return fresh_model(request.param)


def test_sdxl_and_flux_come_back_from_kohya_keys(tmp_path):
    for name in ("sdxl", "flux"):
        model = fresh_model(name)
        done = export_adapter(model, random_adapter(model), tmp_path / f"{name}.safetensors", format="kohya")
        assert (done.loader, done.matched) == ("load_lora_weights", len(done.targets))


@FORMATS
def test_mixed_ranks_and_strengths_come_back(model, kind, tmp_path):
    adapter, before = random_adapter(model), Snapshot.of(model)
    done = export_adapter(model, adapter, tmp_path / NAMES[kind], format=kind)
    assert before.same_as(model)
    assert done.matched == len(done.targets) == len(adapter.layers)
    assert done.round_trip_max_difference <= 1e-5
    assert done.effect > 0.01
    assert done.trainable_parameters == adapter.parameters
    back = load_adapter(done.adapter, model)
    assert set(back.layers) == set(adapter.layers)
    for name, layer in adapter.layers.items():
        assert back.layers[name].rank == layer.rank
        assert torch.allclose(back.layers[name].delta(), layer.delta(), atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAMES[kind]]


@FORMATS
def test_the_header_carries_the_evidence_and_the_proof(kind, tmp_path):
    model = fresh_model("sd3")
    evidence = {"found": {"indices": [0, 1], "score": {"effect": 0.8}}, "licence": "CC0-1.0", "training": {"seed": 3}}
    adapter = replace(random_adapter(model), evidence=evidence)
    file = inspect_adapter(export_adapter(model, adapter, tmp_path / NAMES[kind], format=kind).adapter)
    assert file.format == kind
    assert file.parameters == adapter.parameters
    stated = file.evidence
    assert {name: stated[name] for name in evidence} == evidence
    assert stated["fingerprint"] == model.fingerprint()
    assert stated["targets"] == list(adapter.layers)
    assert {"torch", "diffusers", "peft"} <= set(stated["versions"])
    assert stated["proof"]["round_trip_max_difference"] <= 1e-5
    assert stated["proof"]["loader"].split(".")[-1] in {"load_lora_weights", "from_pretrained", "load_adapter"}


def test_alpha_is_written_for_every_module(model, tmp_path):
    adapter = random_adapter(model)
    with safe_open(export_adapter(model, adapter, tmp_path / "a.safetensors").adapter, "pt") as file:
        config = json.loads(file.metadata()["lora_adapter_metadata"])
    layers = adapter.layers.items()
    assert config[f"{model.component}.rank_pattern"] == {f"^{name}": layer.rank for name, layer in layers}
    assert config[f"{model.component}.alpha_pattern"] == {f"^{name}": layer.alpha for name, layer in layers}
    tensors = load_file(export_adapter(model, adapter, tmp_path / "k.safetensors", format="kohya").adapter)
    for name, layer in adapter.layers.items():
        key = f"lora_{model.component}_{name.replace('.', '_')}"
        strength = tensors[f"{key}.alpha"] / layer.rank
        assert torch.allclose(
            strength * (tensors[f"{key}.lora_up.weight"] @ tensors[f"{key}.lora_down.weight"]), layer.delta(), atol=1e-6
        )


def test_a_user_loads_the_file_into_the_stock_pipeline(model, tmp_path):
    adapter = random_adapter(model)
    with adapter_on(model, adapter):
        wanted = images(model)
    path = export_adapter(model, adapter, tmp_path / "a.safetensors").adapter
    model.pipeline.load_lora_weights(path)
    try:
        assert np.abs(images(model) - wanted).max() <= 1e-5
    finally:
        model.pipeline.unload_lora_weights()
        del model.denoiser._hf_peft_config_loaded


@FORMATS
def test_a_file_that_does_not_give_the_adapter_back_is_not_written(kind, tmp_path, monkeypatch):
    model = fresh_model("sd")
    before, write = Snapshot.of(model), formats._tensors

    def weaker(adapter: Adapter, kind: str) -> dict[str, torch.Tensor]:
        tensors = write(adapter, kind)
        key = next(key for key in tensors if "lora_B" in key or "lora_up" in key)
        return {**tensors, key: tensors[key] * 1.01}

    monkeypatch.setattr(formats, "_tensors", weaker)
    with pytest.raises(RuntimeError, match="did not give the adapter back"):
        export_adapter(model, random_adapter(model), tmp_path / NAMES[kind], format=kind)
    assert not list(tmp_path.iterdir())
    assert before.same_as(model)


def test_formats_that_nothing_reads_are_refused(tmp_path):
    for name, kind in (("pixart-sigma", "diffusers"), ("pixart-sigma", "kohya"), ("if", "kohya")):
        model = fresh_model(name)
        with pytest.raises(RefusedError, match="a format that some tool reads"):
            export_adapter(model, random_adapter(model), tmp_path / "a.safetensors", format=kind)
    assert not list(tmp_path.iterdir())


def test_another_base_model_than_that_of_the_training_is_refused(tmp_path):
    model = fresh_model("sd")
    adapter = replace(random_adapter(model), evidence={"fingerprint": "0" * 16})
    with pytest.raises(InputError, match="fingerprint"):
        export_adapter(model, adapter, tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def occupied(folder: Path) -> None:
    (folder / "folder.safetensors").mkdir()
    (folder / "there.safetensors").write_text("mine")
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("mine")
    (folder / "peft").mkdir()
    (folder / "peft" / "adapter_config.json").write_text("{}")


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("folder.safetensors", "diffusers", "a folder"),
        ("there.safetensors", "kohya", "which exists"),
        ("there.bin", "diffusers", r"ends in \.safetensors"),
        ("there.safetensors/a.safetensors", "diffusers", "a file"),
        ("there.safetensors", "peft", "a file"),
        ("full", "peft", "notes.txt"),
        ("peft", "peft", "which has one"),
    ],
)
def test_what_is_there_is_never_overwritten_by_mistake(name, kind, told, tmp_path):
    occupied(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    model = fresh_model("sd")
    with pytest.raises(InputError, match=told):
        export_adapter(model, random_adapter(model), tmp_path / name, format=kind)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", ["kohya", "peft"])
def test_overwriting_can_be_allowed(kind, tmp_path):
    model = fresh_model("sd")
    path = tmp_path / NAMES[kind]
    first = export_adapter(model, random_adapter(model), path, format=kind)
    again = export_adapter(model, random_adapter(model, seed=5), path, format=kind, overwrite=True)
    assert again.adapter == first.adapter
    wanted = random_adapter(model, seed=5)
    for name, layer in load_adapter(path, model).layers.items():
        assert torch.allclose(layer.delta(), wanted.layers[name].delta(), atol=1e-6)


def test_the_outcome_is_stored_and_escaped(tmp_path):
    outcome = AdapterExport("<b>.safetensors", "kohya", ("x.to_k",), 1, 12, "load_lora_weights", 1e-7, 0.4)
    outcome.save(tmp_path / "o.json")
    assert AdapterExport.load(tmp_path / "o.json") == outcome
    assert outcome.to_dataframe()["matched"].tolist() == [1]
    assert "<b>" not in outcome._repr_html_()


def test_adapters_are_saved_and_loaded_without_a_model(tmp_path):
    model = fresh_model("sd3")
    adapter = replace(random_adapter(model), evidence={"model": "<i>x</i>", "found": found_set(model, 0).rule})
    adapter.save(tmp_path / "a.safetensors")
    back = Adapter.load(tmp_path / "a.safetensors")
    assert back.component == "transformer"
    assert [(one.module, one.rank, one.alpha) for one in back.targets] == sorted(
        (one.module, one.rank, one.alpha) for one in adapter.targets
    )
    assert len(back.to_dataframe()) == len(adapter.layers)
    assert "<i>" not in back._repr_html_()
