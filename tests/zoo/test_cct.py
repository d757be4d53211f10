"""What is special about CCT: published multiply-adds, the block, sequence pooling, few examples."""

from __future__ import annotations

import pytest
import torch

from workbench.zoo.count import multiply_adds
from workbench.zoo.registry import build_system
from workbench.zoo.shape import Shape
from workbench.zoo.systems.vision.cct import CIFAR, SIZES, SequencePool, _Few
from workbench.zoo.task import find_task

PUBLISHED = {
    "vit-lite-7-4": (0.239e9, 65, CIFAR),
    "cvt-7-4": (0.236e9, 64, CIFAR),
    "cct-2-3x2": (0.033e9, 64, CIFAR),
    "cct-7-3x2": (0.275e9, 64, CIFAR),
    "cct-7-3x1": (0.947e9, 256, CIFAR),
    "cct-14-7x2-224": (5.11e9, 196, Shape("image", 1000, channels=3, size=224)),
    "cct-14-7x2-384": (15.02e9, 576, Shape("image", 1000, channels=3, size=384)),
}


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_published_multiply_adds_are_those_without_the_two_products_of_attention(variant: str) -> None:
    expected, tokens, shape = PUBLISHED[variant]
    with torch.device("meta"):
        model = build_system("vision/cct", variant)
    layers = len(model.blocks)
    products = 2 * layers * tokens**2 * SIZES[layers][2]
    assert multiply_adds(model, shape) - products == pytest.approx(expected, rel=0.02)


def test_the_block_carries_the_normed_stream_past_the_mlp() -> None:
    block = build_system("vision/cct").double().eval().blocks[0]
    x = torch.randn(2, 5, 64, dtype=torch.float64)
    attention = block.attention
    query, key, value = (
        part(block.norm0(x)).view(2, 5, 2, 32).transpose(1, 2)
        for part in (attention.scores.query, attention.scores.key, attention.values.value)
    )
    mixed = (query @ key.mT / 32**0.5).softmax(-1) @ value
    middle = block.norm1(x + attention.values.output(mixed.transpose(1, 2).reshape(2, 5, 64)))
    torch.testing.assert_close(block(x), middle + block.mlp(middle))


def test_sequence_pooling_is_a_weighted_mean_of_the_tokens() -> None:
    pool, x = SequencePool(8).double(), torch.randn(3, 6, 8, dtype=torch.float64)
    logits = x @ pool.score.weight[0] + pool.score.bias
    expected = (logits.softmax(1)[..., None] * x).sum(1)
    torch.testing.assert_close(pool(x), expected)
    torch.nn.init.zeros_(pool.score.weight)
    torch.testing.assert_close(pool(x), x.mean(1))


@pytest.mark.parametrize("size", [8, 16, 28, 32, 64])
def test_the_tiny_configuration_keeps_to_few_tokens_at_any_size(size: int) -> None:
    shape = Shape("image", 3, channels=2, size=size)
    model = build_system("vision/cct", shape=shape)
    assert 9 <= model.positions.shape[1] <= 64
    assert model(*shape.example()).shape == (2, 3)


def test_few_examples_are_all_that_is_ever_drawn() -> None:
    few = _Few(find_task("digits"), 5, seed=0)
    drawn = few.batch(64, torch.Generator().manual_seed(1)).inputs[0]
    assert len(drawn.flatten(1).unique(dim=0)) <= 5
    assert len(few.test()) == len(find_task("digits").test())
