"""What is special about the arena's mechanisms: the formulas, padding that nothing sees, blocks."""

from __future__ import annotations

import pytest
import torch

from workbench.attention.factored import new_attention
from workbench.zoo.systems.language.long_range_arena import (
    BLOCK,
    MECHANISMS,
    KernelAttention,
    LocalAttention,
    PositiveFeatures,
    SynthesizerScores,
    _encoder,
    linear_features,
)
from workbench.zoo.task import find_task


def no_bias(x: torch.Tensor) -> torch.Tensor:
    return x.new_zeros(len(x), 1, 1, x.shape[1])


def test_linear_attention_is_its_quadratic_form() -> None:
    torch.manual_seed(0)
    attention, x = KernelAttention(12, 2, 5, linear_features), torch.randn(3, 9, 12)
    query, key, value = (
        part(x).unflatten(-1, (2, 5)).transpose(1, 2) for part in (attention.query, attention.key, attention.value)
    )
    similarity = linear_features(query) @ linear_features(key).mT
    mixed = similarity / similarity.sum(-1, keepdim=True) @ value
    expected = attention.output(mixed.transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(x, bias=no_bias(x)), expected)


def test_performer_features_estimate_softmax() -> None:
    torch.manual_seed(0)
    query, key = 0.5 * torch.randn(2, 1, 6, 8)
    expected = (query @ key.mT * 8**-0.5).softmax(-1)
    draws = [PositiveFeatures(8) for _ in range(500)]
    similarity = torch.stack([(one(query) @ one(key).mT) for one in draws])
    found = (similarity / similarity.sum(-1, keepdim=True)).mean(0)
    torch.testing.assert_close(found, expected, rtol=0.15, atol=0.02)


def test_local_attention_stays_in_its_block() -> None:
    torch.manual_seed(0)
    attention, x = LocalAttention(new_attention(8, 2, bias=False)), torch.randn(1, 3 * BLOCK, 8)
    other = x.clone()
    other[:, BLOCK] += 1
    before, after = attention(x, bias=no_bias(x)), attention(other, bias=no_bias(x))
    torch.testing.assert_close(before[:, :BLOCK], after[:, :BLOCK])
    torch.testing.assert_close(before[:, 2 * BLOCK :], after[:, 2 * BLOCK :])
    assert not torch.allclose(before[:, BLOCK : 2 * BLOCK], after[:, BLOCK : 2 * BLOCK])


def test_synthesizer_patterns_do_not_depend_on_tokens() -> None:
    scores = SynthesizerScores(2, 7)
    first, second = torch.randn(2, 3, 5, 8)
    assert torch.equal(scores(first, first, None), scores(second, second, None))


@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if name != "synthesizer"])
def test_padding_changes_nothing(mechanism: str) -> None:
    torch.manual_seed(0)
    task = find_task("listops")
    model = _encoder("tiny", mechanism, task.shape).eval()
    tokens = torch.randint(1, 16, (2, task.shape.length))
    tokens[:, 20:] = 0
    with torch.no_grad():
        before = model(tokens)
        model.embed.weight[0] += 5
        after = model(tokens)
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)
