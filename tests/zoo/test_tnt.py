"""What is special about TNT: the inner transformer, and stripes inside one cell."""

from __future__ import annotations

import pytest
import torch

from workbench.zoo.count import parameters
from workbench.zoo.registry import build_system
from workbench.zoo.shape import Shape
from workbench.zoo.systems.vision.tnt import _plain, new_tnt
from workbench.zoo.task import find_task
from workbench.zoo.tasks import patches
from workbench.zoo.tasks.patches import CELL, DIRECTIONS, PERIOD, _stripes


def test_the_block_adds_what_is_inside_a_patch_to_its_token_and_leaves_the_class_token() -> None:
    block = build_system("vision/tnt").double().eval().blocks[0]
    pixels = torch.randn(2 * 16, 16, 16, dtype=torch.float64)
    tokens = torch.randn(2, 17, 64, dtype=torch.float64)
    inner = pixels + block.attn_in(block.norm_in(pixels))
    inner = inner + block.mlp_in(block.norm_mlp_in(inner))
    told = block.norm2_proj(block.proj(block.norm1_proj(inner.reshape(2, 16, -1))))
    outer = tokens + torch.cat([torch.zeros(2, 1, 64).double(), told], dim=1)
    outer = outer + block.attn_out(block.norm_out(outer))
    outer = outer + block.mlp(block.norm_mlp(outer))
    found_pixels, found_tokens = block(pixels, tokens)
    torch.testing.assert_close(found_pixels, inner)
    torch.testing.assert_close(found_tokens, outer)


def test_the_inner_transformer_stays_inside_its_patch() -> None:
    model = build_system("vision/tnt").eval()
    images = torch.randn(1, 1, 16, 16)
    changed = images.clone()
    changed[..., :4, :4] += 1
    before, after = (model.pixel_embed(some, model.pixel_pos) for some in (images, changed))
    same = torch.isclose(before, after).flatten(1).all(1)
    assert same.tolist() == [False] + [True] * 15


@pytest.mark.parametrize("size", [8, 16, 28, 32])
def test_the_tiny_configuration_fits_any_size(size: int) -> None:
    shape = Shape("image", 3, channels=2, size=size)
    assert build_system("vision/tnt", shape=shape)(*shape.example()).shape == (2, 3)


def test_the_plain_transformer_is_of_equal_size() -> None:
    shape = find_task("patches").shape
    sizes = [parameters(build(shape, CELL)) for build in (new_tnt, _plain)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_stripes_are_constant_along_their_direction_and_half_of_a_cell_is_bright() -> None:
    for target, (down, right) in enumerate(DIRECTIONS):
        for phase in range(PERIOD):
            cell = _stripes(torch.tensor([target]), torch.tensor([phase]))[0]
            assert cell.sum() == 0
            for row in range(abs(right), CELL - abs(right)):
                for column in range(abs(down), CELL - abs(down)):
                    assert cell[row, column] == cell[row + right, column - down]


def test_one_cell_of_each_image_is_the_striped_one_and_all_have_equal_histograms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patches, "NOISE", 0.0)
    batch = find_task("patches").batch(64, torch.Generator().manual_seed(3))
    cells = batch.inputs[0].unfold(2, CELL, CELL).unfold(3, CELL, CELL).flatten(1, 3)
    assert torch.equal(cells.abs(), torch.ones_like(cells))
    assert not cells.sum((-1, -2)).any()
    directions = range(len(DIRECTIONS))
    patterns = torch.stack([_stripes(torch.full((PERIOD,), one), torch.arange(PERIOD)) for one in directions])
    same = (cells[:, :, None, None] == patterns).all(-1).all(-1).any(-1)
    assert torch.equal(same.any(1).int().argmax(-1), batch.targets)
    assert same.sum((1, 2)).tolist() == [1] * 64
