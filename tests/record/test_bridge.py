"""Records of a TransformerLens bridge: what transformers computes, by hook name and forward pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.patch.bridges import classifier, gpt2, rude, t5, t5_pair
from workbench.errors import InputError
from workbench.record.record import Record, record


def run_t5(hooks: list[str], passes: int = 1) -> Record:
    texts = [rude().read(text) for text in t5_pair()]
    with torch.no_grad(), record(t5(), hooks) as kept:
        for _ in range(passes):
            rude().margins(t5(), texts)
    return kept


def test_a_record_holds_what_transformers_computes() -> None:
    kept = run_t5(["encoder_blocks.0.hook_out", "encoder_ln_final.hook_out", "encoder_blocks.1.attn.hook_q"])
    encoded = classifier().encode(t5_pair())
    with torch.no_grad():
        encoder = classifier().module.get_encoder()
        states = encoder(input_ids=encoded.ids, output_hidden_states=True).hidden_states
    assert torch.allclose(kept.tensors["encoder_blocks.0.hook_out", "activation", 0], states[1], atol=1e-5)
    assert torch.allclose(kept.tensors["encoder_ln_final.hook_out", "activation", 0], states[-1], atol=1e-5)
    queries = kept.tensors["encoder_blocks.1.attn.hook_q", "activation", 0]
    assert queries.shape == (2, encoded.ids.shape[1], 2, classifier().module.config.d_kv)


def test_every_forward_pass_is_kept_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    kept = run_t5(["encoder_blocks.0.hook_resid_post", "encoder_blocks.0.hook_resid_post"], passes=2)
    key = ("encoder_blocks.0.hook_resid_post", "activation")
    assert list(kept.tensors) == [(*key, 0), (*key, 1)]
    assert torch.equal(kept.tensors[*key, 0], kept.tensors[*key, 1])
    kept.save(tmp_path / "record.safetensors")
    again = Record.load(tmp_path / "record.safetensors")
    assert torch.equal(again.rows([1], batch=2).tensors[*key, 1], kept.tensors[*key, 1][1:])
    assert set(kept.to_dataframe()["site"]) == {key[0]}


def test_a_hook_that_transformers_never_calls_leaves_no_entry() -> None:
    """The T5 of transformers embeds by other modules than the one that the bridge has this hook for."""
    assert run_t5(["embed.hook_out", "unembed.hook_out"]).to_dataframe()["site"].tolist() == ["unembed.hook_out"]


def test_names_that_do_not_exist_or_are_switched_off() -> None:
    with (
        pytest.raises(InputError, match=r"got 'blocks.0.hook_ouut'.*'blocks.0.hook_out'"),
        record(gpt2(), ["blocks.0.hook_ouut"]),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"switched on.*set_use_attn_result"),
        record(gpt2(), ["blocks.0.attn.hook_result"]),
    ):
        pass
