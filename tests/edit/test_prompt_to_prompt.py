"""Prompt-to-Prompt by hooks: the attention maps are the source's, the values are not, and only as long as meant."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch import nn

from tests.patch.tiny_runs import LONGER, SOURCE, TARGET, latents, model_of
from workbench.edit.prompt_to_prompt import attention_from, equally_long, why_not
from workbench.hooks.forward import forward_hooks
from workbench.localize.pairs import Pair
from workbench.sites.find import find_sites

STEPS = 5
CROSS_END, SELF_END = 4, 2


def projections(name: str, module: str) -> list[torch.Tensor]:
    """Return what a projection of the first site's block gives in each denoiser call, after all replacements."""
    model = model_of(name)
    sites = find_sites(model).sites
    block = model.denoiser.get_submodule(sites[0].name.rpartition(".")[0])
    seen: list[torch.Tensor] = []

    def keep(_: nn.Module, __: Any, output: torch.Tensor) -> None:
        seen.append(output.clone())

    with ExitStack() as stack:
        stack.enter_context(attention_from(model, sites, {1: 0}, batch=2, steps=STEPS))
        stack.enter_context(forward_hooks([(block.get_submodule(module), keep)]))
        latents(model, [SOURCE, TARGET], steps=STEPS)
    return seen


@pytest.mark.parametrize("name", ["sd", "sdxl"])
@pytest.mark.parametrize(
    ("module", "end"), [("attn2.to_q", CROSS_END), ("attn2.to_k", CROSS_END), ("attn1.to_q", SELF_END)]
)
def test_queries_and_keys_are_the_sources_in_the_first_steps(name, module, end):
    seen = projections(name, module)
    assert len(seen) == STEPS
    # The conditional half comes second.
    same = [torch.equal(output[2], output[3]) for output in seen]
    assert same == [step < end for step in range(STEPS)]


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_values_stay_those_of_the_target_prompt(name):
    assert not any(torch.equal(output[2], output[3]) for output in projections(name, "attn2.to_v"))


def test_the_negative_half_is_left_alone():
    model = model_of("sd")
    sites = find_sites(model).sites
    plain = latents(model, [SOURCE, TARGET], steps=STEPS)
    with attention_from(model, sites, {1: 0}, batch=2, steps=STEPS):
        replaced = latents(model, [SOURCE, TARGET], steps=STEPS)
    assert torch.equal(plain[0], replaced[0])
    assert not torch.equal(plain[1], replaced[1])
    queries = projections("sd", "attn2.to_q")
    assert not torch.equal(queries[-1][0], queries[-1][1])


def test_without_rows_nothing_is_hooked():
    model = model_of("sd")
    with attention_from(model, find_sites(model).sites, {}, batch=2, steps=STEPS):
        inside = latents(model, [SOURCE, TARGET], steps=STEPS)
    assert torch.equal(inside, latents(model, [SOURCE, TARGET], steps=STEPS))


def test_prompts_must_have_equally_many_tokens():
    model = model_of("sdxl")
    assert equally_long(model, Pair.of_prompts(SOURCE, TARGET))
    assert not equally_long(model, Pair.of_prompts(SOURCE, LONGER))


@pytest.mark.parametrize(("name", "exists"), [("sd", True), ("sdxl", True), ("sd3", False), ("if", False)])
def test_it_exists_for_unets_with_cross_attention(name, exists):
    model = model_of(name)
    assert (why_not(model, find_sites(model).sites) == "") == exists
