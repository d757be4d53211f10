"""A LoRA on the projections keeps working: its sites are found, and patches carry its contribution."""

from __future__ import annotations

import peft
import pytest
import torch

from tests.patch.tiny_runs import SOURCE, TARGET, before_and_after, differing_rows, fresh_model, from_row, latents
from tests.patch.tiny_runs import sites_of as plain_sites_of
from workbench.models.model import Model
from workbench.sites.find import find_sites

TARGETS = {
    "sd": ["to_k", "to_v"],
    "sana": ["to_k", "to_v"],
    "auraflow": ["add_k_proj", "add_v_proj", "to_k", "to_v"],
    "qwen-image": ["add_k_proj", "add_v_proj"],
}
ADAPTED = pytest.mark.parametrize("name", sorted(TARGETS))


def adapted(name: str) -> Model:
    model = fresh_model(name)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS[name], init_lora_weights=False)
        model.denoiser.add_adapter(config)
    return model


@ADAPTED
def test_sites_are_the_same(name: str) -> None:
    assert find_sites(adapted(name)).sites == plain_sites_of(name).sites


@ADAPTED
def test_identity_and_every_site(name: str) -> None:
    model = adapted(name)
    sites = find_sites(model)
    same = latents(model, [SOURCE] * 3, {2: from_row(sites, 0)})
    assert torch.equal(same[2], same[1])
    prompts = [TARGET, SOURCE, SOURCE]
    made = latents(model, prompts, {2: from_row(sites, 0)})
    assert torch.equal(made[2], made[0])
    assert differing_rows(made, latents(model, prompts)) == [2]
    assert differing_rows(made, latents(fresh_model(name), prompts)) == [0, 1, 2]


@ADAPTED
def test_patches_carry_the_contribution(name: str) -> None:
    """Switched off, the same patch brings other keys and values."""
    model = adapted(name)
    sites = find_sites(model)
    patches = {1: from_row(sites, 0)}
    _, on = before_and_after(model, sites, [TARGET, SOURCE], patches, steps=1)
    model.denoiser.disable_adapters()
    _, off = before_and_after(model, sites, [TARGET, SOURCE], patches, steps=1)
    _, plain = before_and_after(fresh_model(name), sites, [TARGET, SOURCE], patches, steps=1)
    assert not any(torch.equal(on.tensors[key][-1], off.tensors[key][-1]) for key in on.tensors)
    assert all(torch.equal(plain.tensors[key], off.tensors[key]) for key in on.tensors)
