"""What is special about MetaFormer: its mixers, and what is left without them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from workbench.attention.surgery import operate
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.shape import Shape
from workbench.zoo.sites import system_mlps, system_sites
from workbench.zoo.systems.vision.metaformer import MIXERS, RandomMixing, new_metaformer
from workbench.zoo.task import find_task


def test_pooling_takes_what_is_there_off_the_mean_of_the_neighbours() -> None:
    mixer = build_system("vision/metaformer").stages[0].blocks[0].token_mixer
    x = torch.randn(2, 32, 5, 5)
    neighbours = F.conv2d(F.pad(x, (1,) * 4), torch.ones(32, 1, 3, 3), groups=32)
    counted = F.conv2d(F.pad(torch.ones(1, 1, 5, 5), (1,) * 4), torch.ones(1, 1, 3, 3))
    torch.testing.assert_close(mixer(x), neighbours / counted - x)


def test_random_mixing_averages_tokens_by_one_fixed_matrix() -> None:
    mixer = RandomMixing(dim=4)
    constant = torch.full((1, 4, 3, 3), 2.5)
    torch.testing.assert_close(mixer(constant), constant)
    x, y = torch.randn(2, 1, 4, 3, 3)
    torch.testing.assert_close(mixer(x + y), mixer(x) + mixer(y))
    assert not torch.equal(mixer(x), RandomMixing(dim=4)(x))


@pytest.mark.parametrize("mixer", MIXERS)
def test_the_block_takes_any_mixer(mixer: str) -> None:
    shape = Shape("image", 3, channels=2, size=16)
    model = new_metaformer(shape, [mixer] * 4)
    assert model(*shape.example()).shape == (2, 3)


def test_only_the_attending_stages_take_another_form() -> None:
    system = find_system("vision/metaformer")
    model = build_system("vision/metaformer")
    done = operate(model, "symmetric", [site.name for site in system_sites(system, model)])
    assert [one.reason for one in done] == ["Pooling", "Pooling", None, None]


def test_without_mixers_and_mlps_only_the_stem_and_the_reduction_are_left() -> None:
    system, shape = find_system("vision/metaformer"), find_task("digits32").shape
    model = new_metaformer(shape, ["identity"] * 4).eval()
    operate(model, "no_mlp", [], system_mlps(system, model))
    images = shape.example()[0]
    x = model.stem(images)
    for stage in model.stages:
        x = stage.downsample(x)
        x = x + stage.blocks[0].norm1(x)
    torch.testing.assert_close(model(images), model.head(x))
