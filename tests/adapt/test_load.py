"""Adapter files of strangers: what does not fit is refused, and nothing in them is run."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.adapt.materials import fresh_model, random_adapter
from workbench import InputError, export_adapter, inspect_adapter, load_adapter
from workbench.adapt.header import MAX_HEADER

MODULE = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.fixture(scope="module")
def model():
    return fresh_model("sd")


def write(path: Path, tensors: dict[str, torch.Tensor], **config: object) -> Path:
    metadata = {"lora_adapter_metadata": json.dumps({f"unet.{key}": value for key, value in config.items()})}
    save_file(tensors, path, metadata if config else None)
    return path


def pair(
    down: tuple[int, ...] = (2, 32), up: tuple[int, ...] = (32, 2), module: str = MODULE, component: str = "unet"
) -> dict[str, torch.Tensor]:
    key = f"{component}.{module}"
    return {f"{key}.lora_A.weight": torch.ones(down), f"{key}.lora_B.weight": torch.ones(up)}


def test_files_of_other_tools_are_read(model, tmp_path):
    for config, strength in (({}, 1), ({"r": 2, "lora_alpha": 8}, 4), ({"alpha_pattern": {"attn2.to_k": 6}}, 3)):
        layer = load_adapter(write(tmp_path / "a.safetensors", pair(), **config), model).layers[MODULE]
        assert torch.equal(layer.delta(), torch.full((32, 32), 2.0 * strength))
    flat = f"lora_unet_{MODULE.replace('.', '_')}"
    tensors = {f"{flat}.lora_down.weight": torch.ones(2, 32), f"{flat}.lora_up.weight": torch.ones(32, 2)}
    for alpha, strength in (({}, 1), ({f"{flat}.alpha": torch.tensor(3.0)}, 1.5)):
        layer = load_adapter(write(tmp_path / "k.safetensors", {**tensors, **alpha}), model).layers[MODULE]
        assert torch.equal(layer.delta(), torch.full((32, 32), 2.0 * strength))


KEY = f"unet.{MODULE}.lora_A.weight"
REFUSED = {
    "another shape": (pair(down=(2, 16)), {}, "down"),
    "sides that do not fit": (pair(up=(32, 3)), {}, "down"),
    "one side alone": ({KEY: torch.ones(2, 32)}, {}, "down"),
    "a vector": (pair(down=(32,)), {}, "down"),
    "a module that is not there": (pair(module="mid_block.to_kk"), {}, "mid_block.to_kk"),
    "a module that is not linear": (pair(module="conv_in"), {}, "linear"),
    "unknown keys": ({**pair(), "unet.bias": torch.ones(2)}, {}, "unet.bias"),
    "keys of no adapter": ({"weight": torch.ones(2)}, {}, "LoRA"),
    "keys that leave the model": ({"unet../x.lora_A.weight": torch.ones(2, 2)}, {}, "LoRA"),
    "whole numbers": ({**pair(), KEY: torch.ones(2, 32, dtype=torch.int32)}, {}, "floating"),
    "no tensors": ({}, {}, "no tensor"),
    "another component": (
        {key.replace("unet.", "transformer."): one for key, one in pair().items()},
        {},
        "transformer",
    ),
    "an expression": (pair(), {"alpha_pattern": {"(a+)+$": 2}}, "module names"),
    "an alpha that is no number": (pair(), {"lora_alpha": "8"}, "alpha"),
    "an endless alpha": (pair(), {"lora_alpha": float("inf")}, "alpha"),
    "another kind of LoRA": (pair(), {"use_dora": True}, "use_dora"),
    "an unknown kohya module": ({"lora_unet_nowhere.lora_down.weight": torch.ones(2, 2)}, {}, "nowhere"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_do_not_fit_are_refused(case, model, tmp_path):
    tensors, config, told = REFUSED[case]
    with pytest.raises(InputError, match=told):
        load_adapter(write(tmp_path / "a.safetensors", tensors, **config), model)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (Path("exploded"), "x")


def test_pickles_are_never_read(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.safetensors").write_bytes(pickle.dumps(Bomb()))
    torch.save({"x": torch.ones(2)}, "b.safetensors")
    for name in ("a.safetensors", "b.safetensors"):
        with pytest.raises(InputError, match="a pickle"):
            load_adapter(name, model)
    assert not Path("exploded").exists()


def damaged(path: Path, kind: str) -> Path:
    whole = write(path, pair()).read_bytes()
    length = int.from_bytes(whole[:8], "little")
    content = {
        "empty": b"",
        "cut in the header": whole[: length // 2],
        "cut in the weights": whole[:-9],
        "oversized header": (MAX_HEADER + 1).to_bytes(8, "little") + b"{" + b" " * MAX_HEADER + b"}",
        "no JSON": (4).to_bytes(8, "little") + b"nope",
        "no object": (4).to_bytes(8, "little") + b"[1] ",
        "deep JSON": (200_000).to_bytes(8, "little") + b"[" * 200_000,
        "a tensor that is a text": (10).to_bytes(8, "little") + b'{"a": "b"}',
        "an entry that is no text": (25).to_bytes(8, "little") + b'{"__metadata__":{"a": 1}}',
        "a tensor without a type": (22).to_bytes(8, "little") + b'{"a": {"shape": [1]}} ',
    }[kind]
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "cut in the header",
        "cut in the weights",
        "oversized header",
        "no JSON",
        "no object",
        "deep JSON",
        "a tensor that is a text",
        "an entry that is no text",
        "a tensor without a type",
    ],
)
def test_damaged_files_are_refused(kind, model, tmp_path):
    with pytest.raises(InputError):
        load_adapter(damaged(tmp_path / "a.safetensors", kind), model)


def test_missing_files_and_foreign_folders_are_refused(model, tmp_path):
    with pytest.raises(InputError, match="readable"):
        load_adapter(tmp_path / "none.safetensors", model)
    with pytest.raises(InputError, match="adapter_config"):
        load_adapter(tmp_path, model)
    (tmp_path / "adapter_config.json").write_text("[]")
    with pytest.raises(InputError, match="object"):
        load_adapter(tmp_path, model)


def test_showing_a_file_does_not_load_its_weights(model, tmp_path, monkeypatch):
    done = export_adapter(model, random_adapter(model), tmp_path / "a.safetensors")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("weights were loaded")

    monkeypatch.setattr("safetensors.torch.load_file", refuse)
    monkeypatch.setattr("safetensors.safe_open", refuse)
    file = inspect_adapter(done.adapter)
    assert file.ranks == {target: random_adapter(model).layers[target].rank for target in done.targets}
    assert len(file.to_dataframe()) == len(done.targets)
    assert "&#x27;" in file._repr_html_()


def test_a_kohya_file_of_this_package_names_its_modules(model, tmp_path):
    from workbench import Adapter

    adapter = random_adapter(model)
    path = export_adapter(model, adapter, tmp_path / "k.safetensors", format="kohya").adapter
    assert set(Adapter.load(path).layers) == set(adapter.layers)
