"""What is special about SLAB: norms that fold away, and linear attention in both orders of products."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from workbench.attention.surgery import operate
from workbench.errors import InputError
from workbench.zoo.registry import build_system
from workbench.zoo.systems.vision.slab import (
    ProgressiveNorm,
    RepBatchNorm,
    SimplifiedLinearAttention,
    _tiny,
    linear_mixing,
    without_norms,
)
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, fit, seed_everything


def test_folding_the_norms_of_a_trained_model_keeps_its_outputs() -> None:
    seed_everything(0)
    task, model = find_task("digits"), build_system("vision/slab")
    fit(model, task, Training(steps=20), seed=0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.add_(0.3 * torch.randn_like(weight))
    for dtype, most in ((torch.float32, 1e-4), (torch.float64, 1e-10)):
        images = task.test().inputs[0].to(dtype)
        expected, found = model.to(dtype)(images), without_norms(model)(images)
        assert (found - expected).abs().max() < most * expected.abs().max()


def test_a_folded_model_has_no_norm_left_and_other_norms_are_refused() -> None:
    model = build_system("vision/slab")
    folded = without_norms(model)
    assert not [module for module in folded.modules() if isinstance(module, ProgressiveNorm | RepBatchNorm)]
    assert isinstance(model.norm, ProgressiveNorm)
    with pytest.raises(InputError, match="LayerNorm"):
        without_norms(_tiny(find_task("digits").shape, nn.LayerNorm))


def test_layer_norm_turns_into_rep_batch_norm_pass_by_pass() -> None:
    norm = ProgressiveNorm(8, passes=4).double()
    nn.init.normal_(norm.layer_norm.weight)
    x = torch.randn(3, 5, 8, dtype=torch.float64)
    flat = x.flatten(0, 1)
    standard = ((flat - flat.mean(0)) / (flat.var(0, correction=0) + 1e-5).sqrt()).view_as(x)
    for share in (1.0, 0.75, 0.5, 0.25, 0.0, 0.0):
        expected = share * norm.layer_norm(x) + (1 - share) * (standard + x)
        torch.testing.assert_close(norm(x), expected)
    norm.eval()
    torch.testing.assert_close(norm(x), norm.batch_norm(x))
    assert norm.passed == 6


@pytest.mark.parametrize("tokens", [3, 40])
def test_both_orders_of_products_are_rectified_attention(tokens: int) -> None:
    query, key, value = torch.randn(3, 2, 2, tokens, 8, dtype=torch.float64).unbind()
    query, key = query.relu(), key.relu()
    similarity = query @ key.mT
    expected = similarity / (similarity.sum(-1, keepdim=True) + 1e-6) @ value
    torch.testing.assert_close(linear_mixing(query, key, value), expected)


def test_the_cost_of_mixing_grows_with_the_number_of_tokens_not_with_its_square() -> None:
    def cost(tokens: int) -> int:
        some = torch.rand(1, 1, tokens, 16)
        with FlopCounterMode(display=False) as counter:
            linear_mixing(some, some, some)
        return counter.get_total_flops()

    assert cost(4096) == 64 * cost(64)


def test_attention_adds_a_convolution_of_the_values_to_the_mixing() -> None:
    module = SimplifiedLinearAttention(16, 2, 3).double()
    nn.init.normal_(module.positions)
    x = torch.randn(2, 9, 16, dtype=torch.float64)
    heads = []
    for head in range(2):
        own = slice(8 * head, 8 * head + 8)
        query, key = module.query(x)[..., own].relu(), (module.key(x) + module.positions)[..., own].relu()
        value = module.value(x)[..., own]
        near = module.convolution(value.mT.reshape(2, 8, 3, 3)).flatten(2).mT
        heads.append(linear_mixing(query, key, value) + near)
    torch.testing.assert_close(module(x), module.output(torch.cat(heads, -1)))


def test_symmetric_similarity_is_a_gram_matrix_with_positions_on_both_sides() -> None:
    model = build_system("vision/slab").eval()
    weights = sum(weight.numel() for weight in model.parameters())
    operate(model, "symmetric", ["blocks.0.attention", "blocks.1.attention"])
    assert weights - sum(weight.numel() for weight in model.parameters()) == 2 * (64 * 64 + 64)
    attention, x = model.blocks[0].attention, torch.randn(1, 16, 64)
    placed = (attention.key(x) + attention.positions).view(1, 16, 4, 16).transpose(1, 2).relu()
    value = attention.value(x).view(1, 16, 4, 16).transpose(1, 2)
    mixed = linear_mixing(placed, placed, value) + attention._convolved(value)
    torch.testing.assert_close(attention(x), attention.output(mixed.transpose(1, 2).flatten(2)))
