"""What is special about TeleChat2: rotary positions that grow, biases, interleaved keys and values."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from workbench.zoo.shape import Shape
from workbench.zoo.systems.language.telechat2 import GrowingRotary, build, from_released, rotary_growth

SHAPE = Shape("tokens", 20, each=True, vocabulary=20, length=12)


@pytest.mark.parametrize(("length", "alpha", "factor"), [(8192, 1, 1.0), (16384, 3, 1.0693), (32768, 7, 1.1386)])
def test_growth_has_the_published_values(length: int, alpha: float, factor: float) -> None:
    base, found = rotary_growth(length, 8192, 8192, 128)
    assert base == pytest.approx(10_000 * alpha ** (128 / 126))
    assert found == pytest.approx(factor, abs=1e-4)


def test_up_to_the_trained_length_and_without_biases_it_is_llama() -> None:
    torch.manual_seed(0)
    model = build(SHAPE, 2, 32, 48, 4, 2, trained=12).eval()
    config = LlamaConfig(
        vocab_size=20, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, rms_norm_eps=1e-5,
    )  # fmt: skip
    plain = LlamaForCausalLM(config).eval()
    missing, unexpected = plain.load_state_dict(model.network.state_dict(), strict=False)
    assert missing == []
    assert all(name.endswith(("o_proj.bias", "down_proj.bias")) for name in unexpected)
    tokens = SHAPE.example()[0]
    with torch.no_grad():
        torch.testing.assert_close(model(tokens), plain(tokens).logits, rtol=1e-4, atol=1e-5)


def test_longer_texts_are_read_with_another_base() -> None:
    short, long = GrowingRotary(8, 12, 12), GrowingRotary(8, 48, 48)
    places = torch.arange(24)[None]
    states = torch.zeros(1, 24, 8)
    assert not torch.equal(short(states, places)[0], long(states, places)[0])
    assert torch.equal(short(states[:, :12], places[:, :12])[0], long(states[:, :12], places[:, :12])[0])


def test_released_weights_are_sorted_by_head() -> None:
    heads = [torch.full((2, 3), float(value)) for value in range(6)]
    state = {"transformer.h.0.self_attention.key_value.weight": torch.cat(heads), "transformer.ln_f.weight": heads[0]}
    found = from_released(state, 3)
    assert set(found) == {
        "model.layers.0.self_attn.k_proj.weight",
        "model.layers.0.self_attn.v_proj.weight",
        "model.norm.weight",
    }
    assert found["model.layers.0.self_attn.k_proj.weight"][:, 0].tolist() == [0, 0, 2, 2, 4, 4]
    assert found["model.layers.0.self_attn.v_proj.weight"][:, 0].tolist() == [1, 1, 3, 3, 5, 5]
