"""What is special about T2T-ViT: soft splits, values as the residual, random features, fixed positions."""

from __future__ import annotations

import math

import pytest
import torch

from workbench.attention.surgery import operate
from workbench.errors import RefusedError
from workbench.zoo.count import parameters
from workbench.zoo.positions import sinusoids
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.shape import Shape
from workbench.zoo.sites import system_sites
from workbench.zoo.systems.vision.t2t_vit import (
    PUBLISHED_SPLITS,
    PerformerAttention,
    SoftSplits,
    _softmax_attention,
    _tiny,
)
from workbench.zoo.task import find_task

NAME = "vision/t2t_vit"
TRAINABLE = {
    "t2t-vit-7": 4_255_694,
    "t2t-vit-14": 21_465_806,
    "t2t-vit-24": 64_000_974,
    "t2t-vit-t-14": 21_465_422,
    "t2t-vit-t-24": 64_000_590,
}


@pytest.mark.parametrize("variant", TRAINABLE)
def test_published_counts_of_trained_weights(variant: str) -> None:
    with torch.device("meta"):
        model = build_system(NAME, variant)
    assert sum(weight.numel() for weight in model.parameters() if weight.requires_grad) == TRAINABLE[variant]


@pytest.mark.parametrize("performer", [False, True])
def test_three_splits_shorten_an_image_as_published(performer: bool) -> None:
    with torch.device("meta"):
        tokens, images = SoftSplits(3, 24, PUBLISHED_SPLITS, performer), torch.zeros(1, 3, 224, 224)
    lengths = []
    for layer in tokens.layers:
        layer.register_forward_hook(lambda module, inputs, output: lengths.append(output.shape[1:]))
    assert tokens(images).shape == (1, 196, 24)
    assert lengths == [(3136, 64), (784, 64)]


def test_softmax_token_layers_keep_the_values_and_scale_by_their_inputs_width() -> None:
    attention, x = _softmax_attention(12, 5).double(), torch.randn(2, 7, 12, dtype=torch.float64)
    scores, values = attention.scores, attention.values
    value = values.value(x)
    pattern = (scores.query(x) @ scores.key(x).mT / math.sqrt(12)).softmax(-1)
    torch.testing.assert_close(attention(x), value + values.output(pattern @ value))


def test_performers_compute_what_their_features_say() -> None:
    attention, x = PerformerAttention(12, 8, 4).double().eval(), torch.randn(2, 7, 12, dtype=torch.float64)
    query, key, value = attention.query(x), attention.key(x), attention.value(x)

    def phi(some: torch.Tensor) -> torch.Tensor:
        return (some @ attention.directions.T - some.square().sum(-1, keepdim=True) / 2).exp() / 2

    similarity = phi(query) @ phi(key).mT
    expected = similarity @ value / (similarity.sum(-1, keepdim=True) + 1e-8)
    torch.testing.assert_close(attention(x), value + attention.output(expected))
    torch.testing.assert_close(
        attention.directions @ attention.directions.T, 4 * torch.eye(4).double(), atol=1e-5, rtol=0
    )


def test_random_features_estimate_the_exponential_of_products() -> None:
    torch.manual_seed(0)
    query, key = 0.2 * torch.randn(2, 6, 8)
    draws = [PerformerAttention(8, 8, 8) for _ in range(800)]
    found = torch.stack([one.features(query) @ one.features(key).T for one in draws]).mean(0)
    torch.testing.assert_close(found, (query @ key.T).exp(), rtol=0.1, atol=0.0)


def test_performers_take_a_shared_projection_and_nothing_else() -> None:
    shape = Shape("image", 3, channels=1, size=16)
    model = torch.nn.Sequential(SoftSplits(1, 8, PUBLISHED_SPLITS, performer=True)).double().eval()
    paths = ["0.layers.0.attention", "0.layers.1.attention"]
    before = parameters(model)
    with pytest.raises(RefusedError, match="an exponential stands between"):
        operate(model, "collapsed_qk", paths)
    assert parameters(model) == before
    operate(model, "symmetric", paths)
    assert before - parameters(model) == (49 + 1) * 64 + (576 + 1) * 64
    attention, x = model[0].layers[0].attention, torch.randn(1, 5, 49, dtype=torch.float64)
    key = attention.features(attention.key(x))
    # Large inputs have features so small that the epsilon below them counts.
    pattern = key @ key.mT / ((key @ key.mT).sum(-1, keepdim=True) + 1e-8)
    torch.testing.assert_close(attention(x), attention.value(x) + attention.output(pattern @ attention.value(x)))
    assert model(shape.example()[0].double()).shape == (2, 1, 8)


@pytest.mark.parametrize(("variant", "reason"), [("collapsed_vo", "no separate value"), ("symmetric_cholesky", "make")])
def test_some_forms_are_for_the_blocks_alone(variant: str, reason: str) -> None:
    system, model = find_system(NAME), build_system(NAME)
    done = operate(model, variant, [site.name for site in system_sites(system, model)])
    assert [one.reason is None for one in done] == [False, False, True, True]
    assert reason in str(done[0].reason)


def test_positions_are_sines_and_cosines_that_are_never_trained() -> None:
    table = sinusoids(5, 6)
    for token in range(5):
        for channel in range(6):
            angle = token / 10_000 ** (2 * (channel // 2) / 6)
            expected = math.cos(angle) if channel % 2 else math.sin(angle)
            assert table[token, channel] == pytest.approx(expected, abs=1e-6)
    assert not build_system(NAME).positions.requires_grad


@pytest.mark.parametrize("size", [8, 16, 28, 32])
def test_the_tiny_configuration_fits_any_size_with_few_tokens(size: int) -> None:
    shape = Shape("image", 3, channels=2, size=size)
    model = build_system(NAME, shape=shape)
    assert 5 <= model.positions.shape[1] <= 17
    assert model(*shape.example()).shape == (2, 3)


def test_hard_patches_make_a_model_of_equal_size_and_as_many_tokens() -> None:
    soft, hard = (_tiny(find_task("moved_digits").shape, kind) for kind in (True, False))
    assert parameters(hard) == pytest.approx(parameters(soft), rel=0.1)
    assert hard.positions.shape == soft.positions.shape


def test_digits_are_moved_by_up_to_three_pixels_each_way() -> None:
    plain, moved = (
        find_task(name).batch(40, torch.Generator().manual_seed(1)) for name in ("digits32", "moved_digits")
    )
    assert torch.equal(plain.targets, moved.targets)
    found = set()
    for before, after in zip(plain.inputs[0], moved.inputs[0], strict=True):
        rolls = {(down, right): before.roll((down, right), (1, 2)) for down in range(-3, 4) for right in range(-3, 4)}
        fitting = [shift for shift, some in rolls.items() if torch.equal(some, after)]
        assert fitting
        found.update(fitting)
    assert len(found) > 20
