"""An adapter is on for the length of a block; afterwards the model is bit for bit as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.adapt.materials import Snapshot, fresh_model, images, random_adapter
from workbench import InputError, RefusedError, Target, adapter_on, merge_adapter, open_model, stack_adapters
from workbench.adapt.adapter import Adapter, LowRank
from workbench.adapt.attach import NAME, attached


@pytest.fixture(params=["sd", "sd3"])
def model(request):
    return fresh_model(request.param)


def test_it_changes_images_and_comes_off_again(model):
    adapter, plain, before = random_adapter(model), images(model), Snapshot.of(model)
    with adapter_on(model, adapter) as adapted:
        changed = images(adapted)
    assert np.abs(changed - plain).max() > 0.01
    assert before.same_as(model)
    assert np.array_equal(images(model), plain)


def test_it_comes_off_when_the_block_fails(model):
    before = Snapshot.of(model)
    with pytest.raises(ZeroDivisionError), adapter_on(model, random_adapter(model)):
        raise ZeroDivisionError
    assert before.same_as(model)


def test_flags_of_parameters_come_back(model):
    list(model.denoiser.parameters())[3].requires_grad_(False)
    before = Snapshot.of(model)
    with adapter_on(model, random_adapter(model)):
        assert sum(parameter.requires_grad for parameter in model.denoiser.parameters()) < len(before.flags) / 2
    assert before.same_as(model)


def test_ranks_and_strengths_are_those_of_each_module(model):
    adapter = random_adapter(model)
    with attached(model, adapter.targets) as layers:
        got = {name: (layer.r[NAME], layer.scaling[NAME]) for name, layer in layers.items()}
    assert got == {name: (layer.rank, layer.alpha / layer.rank) for name, layer in adapter.layers.items()}
    assert len({rank for rank, _ in got.values()}) == 2


def test_a_fresh_layer_adds_nothing(model):
    plain = images(model)
    with attached(model, random_adapter(model).targets):
        assert np.array_equal(images(model), plain)


def test_scale_multiplies_what_is_added(model):
    adapter, plain = random_adapter(model), images(model)
    with adapter_on(model, adapter, scale=0.0):
        assert np.abs(images(model) - plain).max() < 1e-6
    scaled = adapter.scaled(-2)
    for name, layer in adapter.layers.items():
        assert torch.allclose(scaled.layers[name].delta(), -2 * layer.delta())


def test_a_stack_does_what_its_adapters_do_together(model):
    one, other = random_adapter(model, size=0.1), random_adapter(model, seed=1, size=0.1)
    name = next(iter(other.layers))
    other = replace(other, layers={name: other.layers[name]})
    stack = stack_adapters([one, other], [1.0, -0.5])
    assert stack.layers[name].rank == one.layers[name].rank + other.layers[name].rank
    assert torch.allclose(
        stack.layers[name].delta(), one.layers[name].delta() - 0.5 * other.layers[name].delta(), atol=1e-6
    )
    merge = merge_adapter(model, one)
    again = merge_adapter(model, other, scale=-0.5)
    wanted = images(model)
    again.undo()
    merge.undo()
    with adapter_on(model, stack):
        assert np.abs(images(model) - wanted).max() < 1e-4


def test_a_model_with_adapters_of_its_own_is_refused(model):
    from peft import LoraConfig

    model.denoiser.add_adapter(LoraConfig(r=2, target_modules=["to_k"]))
    with pytest.raises(RefusedError, match="adapters of its own"), adapter_on(model, random_adapter(model)):
        pass
    assert "default" in model.denoiser.peft_config


def test_adapters_of_other_models_are_refused_before_anything_changes():
    unet, transformer = fresh_model("sd"), fresh_model("sd3")
    before = Snapshot.of(unet)
    adapter = random_adapter(unet)
    name, layer = next(iter(adapter.layers.items()))
    wide = Adapter("unet", {name: LowRank(torch.zeros(2, 7), layer.up, 1.0)})
    for wrong, told in ((random_adapter(transformer), "adapter for a unet"), (wide, "down")):
        with pytest.raises(InputError, match=told), adapter_on(unet, wrong):
            pass
    with pytest.raises(InputError, match="at least one module"), attached(unet, []):
        pass
    with pytest.raises(InputError, match="each once"), attached(unet, [Target(name, 1, 1.0)] * 2):
        pass
    with pytest.raises(RefusedError, match="architecture alone"), attached(open_model("published:sd15"), []):
        pass
    assert before.same_as(unet)


def test_other_matches_than_asked_for_are_an_error(model, monkeypatch):
    targets, before = random_adapter(model).targets, Snapshot.of(model)
    monkeypatch.setattr(
        "workbench.adapt.attach.lora_settings", lambda wanted: {"r": 2, "target_modules": [wanted[0].module]}
    )
    with pytest.raises(RuntimeError, match=f"matched 1 modules where {len(targets)}"), attached(model, targets):
        pass
    assert before.same_as(model)


def test_stacks_of_nothing_and_of_unlike_adapters_are_refused(model):
    adapter = random_adapter(model)
    for adapters, scales in (([], None), ([adapter], [1.0, 2.0]), ([adapter, replace(adapter, component="vae")], None)):
        with pytest.raises(InputError, match="one component"):
            stack_adapters(adapters, scales)
