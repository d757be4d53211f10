"""Patching a TransformerLens bridge: as TransformerLens itself does, and row by row."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pandas as pd
import pytest
import torch

from tests.classify.materials import scratch
from tests.patch.bridges import (
    CLEAN,
    CORRUPTED,
    LETTERS,
    classifier,
    gpt2,
    gpt2_rows,
    rude,
    t5,
    t5_margins,
    t5_pair,
)
from workbench.classify.bridge import open_bridge
from workbench.errors import InputError, RefusedError
from workbench.patch.bridge import HookPatch
from workbench.patch.patch import patched
from workbench.patch.sweep import sweep
from workbench.record.record import record

# What a bridge computes


def test_an_unprocessed_bridge_computes_what_transformers_does() -> None:
    eager = deepcopy(classifier().module)
    eager.set_attn_implementation("eager")
    encoded = classifier().encode(t5_pair())
    start = torch.zeros(2, 1, dtype=torch.long)
    with torch.no_grad():
        expected = eager(input_ids=encoded.ids, decoder_input_ids=start).logits
        assert torch.equal(t5()(encoded.ids, decoder_input_ids=start), expected)
    assert not t5().compatibility_mode


def test_the_margin_is_that_of_the_classifier() -> None:
    encoded = classifier().encode(t5_pair())
    with torch.no_grad():
        logits = classifier().logits(classifier().embedding(encoded.ids), encoded.mask)
    assert torch.allclose(t5_margins({}), logits[:, 1] - logits[:, 0], atol=1e-5)
    with torch.no_grad():
        logits = gpt2()(CLEAN)[:, -1, list(LETTERS.answers)]
        margin = LETTERS.margins(gpt2(), [LETTERS.read("hello")])
    assert torch.allclose(margin, logits[:, 1] - logits[:, [0, 2]].logsumexp(dim=1))


def test_opening_a_bridge_leaves_the_classifier_alone() -> None:
    own = scratch("t5-mini")
    state, before = deepcopy(own.module.state_dict()), own.predict(t5_pair())
    bridge = open_bridge(own)
    with torch.no_grad():
        for weight in bridge.parameters():
            weight.zero_()
    after = own.module.state_dict()
    assert list(after) == list(state) and all(torch.equal(after[name], state[name]) for name in state)
    assert own.module.config._attn_implementation == "sdpa"
    assert own.predict(t5_pair()) == before


# Patches


def test_rows_without_patches_stay_untouched_bit_for_bit() -> None:
    alone = gpt2_rows({})
    for hook in ("hook_embed", "blocks.0.hook_resid_pre", "blocks.1.attn.hook_z", "blocks.0.attn.hook_pattern"):
        rows = gpt2_rows({1: [HookPatch(hook, 0)]})
        assert torch.equal(rows[[0, 2]], alone[[0, 2]])
        assert not torch.equal(rows[1], alone[1])


def test_the_whole_stream_of_the_clean_row_gives_its_answer() -> None:
    rows = gpt2_rows({1: [HookPatch("blocks.1.hook_resid_pre", 0)], 2: [HookPatch("hook_embed", "zero")]})
    assert torch.equal(rows[1], rows[0])
    assert not torch.equal(rows[2], gpt2_rows({})[2])
    values = t5_margins({1: [HookPatch(f"decoder_blocks.0.cross_attn.{part}.hook_out", 0) for part in "kv"]})
    assert torch.allclose(values[1], values[0], atol=1e-6)
    assert not torch.allclose(t5_margins({})[1], values[0], atol=1e-4)


def test_patching_from_a_record_equals_patching_from_a_row() -> None:
    hook, places = "blocks.0.attn.hook_v", {"positions": (1, 4), "heads": (1,)}
    with torch.no_grad(), record(gpt2(), [hook]) as kept:
        gpt2()(torch.cat([CORRUPTED, CLEAN]))
    one = HookPatch(hook, kept.rows([1], batch=2), **places)
    beside = gpt2_rows({2: [HookPatch(hook, 0, **places)]})
    assert torch.equal(gpt2_rows({2: [one]}), beside)
    assert not torch.equal(beside[1], beside[2])
    with pytest.raises(InputError, match=r"one row of .* at call 0"):
        gpt2_rows({2: [HookPatch(hook, kept)]})


def test_positions_and_heads_are_those_of_the_activation() -> None:
    hook = "blocks.1.attn.hook_pattern"
    with torch.no_grad(), record(gpt2(), [hook]) as before:
        gpt2_rows({})
    with (
        torch.no_grad(),
        patched(gpt2(), {1: [HookPatch(hook, 0, (3,), (1,))]}, batch=3),
        record(gpt2(), [hook]) as after,
    ):
        gpt2()(torch.cat([CLEAN, CORRUPTED, CORRUPTED]))
    old, new = (kept.tensors[hook, "activation", 0] for kept in (before, after))
    expected = old.clone()
    expected[1, 1, 3] = old[0, 1, 3]
    assert torch.equal(new, expected)


# Agreement with TransformerLens


def t5_metric(logits: torch.Tensor) -> torch.Tensor:
    # TransformerLens feeds the decoder the text; what follows the first step cannot change it.
    first = logits[0, 0, list(rude().answers)]
    return first[1] - first[0]


@pytest.mark.parametrize(
    "name", ["encoder_blocks.0.hook_out", "encoder_blocks.1.attn.hook_v", "encoder_blocks.1.hook_in"]
)
def test_a_sweep_of_t5_agrees_with_generic_activation_patch(name: str) -> None:
    from transformer_lens.patching import generic_activation_patch

    clean, corrupted = (classifier().encode([text]).ids for text in t5_pair())

    def setter(activation: torch.Tensor, index: list[Any], cache: torch.Tensor) -> torch.Tensor:
        activation[:, index[1]] = cache[:, index[1]]
        return activation

    with torch.no_grad():
        _, cache = t5().run_with_cache(clean)
        # Without a layer the name is taken as it is.
        places = pd.DataFrame({"layer": pd.Series([None] * clean.shape[1], dtype=object), "pos": range(clean.shape[1])})
        expected = generic_activation_patch(t5(), corrupted, cache, t5_metric, setter, name, index_df=places)
    swept = sweep(t5(), [t5_pair()], [name], rude(), max_rows=7).pairs[0].margins[name]
    assert list(swept) == list(range(clean.shape[1]))
    assert torch.allclose(torch.tensor(list(swept.values())), expected, atol=1e-5)
    assert expected.std() > 1e-3


def gpt2_metric(logits: torch.Tensor) -> torch.Tensor:
    a, b, c = logits[0, -1, list(LETTERS.answers)]
    return b - torch.stack([a, c]).logsumexp(dim=0)


def test_a_sweep_of_gpt2_agrees_with_the_presets() -> None:
    from transformer_lens.patching import get_act_patch_attn_head_out_all_pos, get_act_patch_resid_pre

    with torch.no_grad():
        _, cache = gpt2().run_with_cache(CLEAN)
        streams = get_act_patch_resid_pre(gpt2(), CORRUPTED, cache, gpt2_metric)
        heads = get_act_patch_attn_head_out_all_pos(gpt2(), CORRUPTED, cache, gpt2_metric)
    hooks = [f"blocks.{block}.hook_resid_pre" for block in range(2)]
    made = sweep(gpt2(), [("hello", "hxlly")], hooks, LETTERS).to_dataframe()
    assert torch.allclose(torch.tensor(made["margin"]).float(), streams.flatten(), atol=1e-5)
    assert streams.std() > 1e-3
    for block in range(2):
        rows = gpt2_rows({row: [HookPatch(f"blocks.{block}.attn.hook_z", 0, heads=(row - 1,))] for row in (1, 2)})
        margins = torch.stack([gpt2_metric(rows[row : row + 1]) for row in (1, 2)])
        assert torch.allclose(margins, heads[block], atol=1e-5)


# Bad input


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("encoder_blocks.0.attn.hook_pattern", "shows a copy of the pattern"),
        ("decoder_blocks.0.cross_attn.hook_attn_scores", "shows a copy of the pattern"),
        ("encoder_blocks.0.ln1.hook_scale", "leaves the others alone"),
        ("decoder_ln_final.hook_normalized", "leaves the others alone"),
    ],
)
def test_hooks_where_a_patch_would_be_void_or_leak_are_refused(hook: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        t5_margins({1: [HookPatch(hook, 0)]})
    with pytest.raises(RefusedError, match=reason):
        sweep(t5(), [t5_pair()], [hook], rude())


@pytest.mark.parametrize(
    ("patches", "message"),
    [
        ({3: [HookPatch("hook_embed", 0)]}, "rows from 0 to 2"),
        ({1: [HookPatch("hook_embed", 5)]}, "rows from 0 to 2"),
        ({1: [HookPatch("hook_embed", 2)], 2: [HookPatch("hook_embed", 0)]}, "without patches of their own"),
        ({1: [HookPatch("hook_embedding", 0)]}, "the name of a hook"),
        ({1: [HookPatch("hook_embed", 0, positions=(5,))]}, "positions from 0 to 4"),
        ({1: [HookPatch("hook_embed", 0, heads=(0,))]}, "no axis of heads"),
        ({1: [HookPatch("blocks.0.attn.hook_z", 0, heads=(2,))]}, "heads from 0 to 1"),
        ({1: [HookPatch("hook_pos_embed", 0)], 2: []}, "first axis is the batch"),
    ],
)
def test_patches_that_do_not_fit(patches: dict[int, list[HookPatch]], message: str) -> None:
    with pytest.raises(InputError, match=message), torch.no_grad(), patched(gpt2(), patches, batch=3):
        gpt2()(torch.cat([CLEAN, CORRUPTED]) if "batch" in message else torch.cat([CLEAN, CORRUPTED, CORRUPTED]))
