"""What is special about Primer: causal convolutions, queries from keys, T5's distances, no look ahead."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from transformers.models.t5.modeling_t5 import T5Attention

from workbench.attention.surgery import operate
from workbench.zoo.shape import Shape
from workbench.zoo.systems.language.primer import (
    CausalConvolution,
    Kind,
    Primer,
    QueryFromKeyScores,
    attention,
    buckets,
)

TEXT = Shape("tokens", 30, each=True, vocabulary=30, length=10)


def test_convolutions_are_depthwise_and_look_back() -> None:
    torch.manual_seed(0)
    convolution, states = CausalConvolution(2, 3), torch.randn(4, 2, 7, 3)
    torch.nn.init.normal_(convolution.taps)
    channels = states.transpose(2, 3).flatten(1, 2)
    kernel = convolution.taps.flip(0).permute(1, 3, 0, 2).reshape(6, 1, 3)
    expected = F.conv1d(F.pad(channels, (2, 0)), kernel, groups=6).unflatten(1, (2, 3)).transpose(2, 3)
    torch.testing.assert_close(convolution(states), expected)


def test_convolutions_start_as_published() -> None:
    assert CausalConvolution(2, 3).taps[:, 0, 0, 0].tolist() == pytest.approx([0.5, 0.5 / 3, 0.5 / 3])


def test_queries_from_keys_are_symmetric_with_the_identity() -> None:
    torch.manual_seed(0)
    scores, x = QueryFromKeyScores(8, 2), torch.randn(2, 5, 8)
    free = scores(x, x, None)
    assert not torch.allclose(free, free.mT)
    scores.query.weight.data = torch.eye(8)
    tied = scores(x, x, None)
    torch.testing.assert_close(tied, tied.mT)


def test_distances_are_those_of_t5() -> None:
    places = torch.arange(200)
    expected = T5Attention._relative_position_bucket(places - places[:, None], bidirectional=False, num_buckets=32)
    assert torch.equal(buckets(200), expected)


@pytest.mark.parametrize("kind", ["vanilla", "squared", "convolved", "ez", "primer"])
def test_later_tokens_are_not_seen(kind: Kind) -> None:
    torch.manual_seed(0)
    model, tokens = Primer(TEXT, 2, 16, 24, 2, kind).eval(), TEXT.example()[0]
    other = tokens.clone()
    other[:, 6] = (other[:, 6] + 1) % 30
    before, after = model(tokens), model(other)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


def test_convolved_attention_shares_projection_and_convolution() -> None:
    model = torch.nn.Sequential(attention(16, 2, "ez"))
    before = sum(weight.numel() for weight in model.parameters())
    operate(model, "symmetric", ["0"])
    assert before - sum(weight.numel() for weight in model.parameters()) == 16 * 16 + 3 * 16
    x = torch.randn(2, 5, 16)
    logits = model[0].scores(x, x, None)
    torch.testing.assert_close(logits, logits.mT)
