"""Thumbnails: the mean of the area that each pixel covers, never larger than the image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from workbench.ui.thumbnails import read_png


def test_a_pixel_is_the_mean_of_what_it_covers(tmp_path):
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, ::4] = 200
    Image.fromarray(pixels).save(tmp_path / "stripes.png")
    small = np.asarray(Image.open(io.BytesIO(read_png(tmp_path / "stripes.png", 32))))
    assert small.shape == (16, 32, 3)
    assert (small == 50).all()


@pytest.mark.parametrize("width", [None, 96, 97, 8192])
def test_an_image_that_is_not_wider_is_the_stored_file(tmp_path, random_image, width):
    Image.fromarray(random_image).resize((96, 32)).save(tmp_path / "one.png")
    assert read_png(tmp_path / "one.png", width) == (tmp_path / "one.png").read_bytes()


def test_a_flat_image_keeps_a_row(tmp_path):
    Image.new("RGB", (900, 2)).save(tmp_path / "flat.png")
    assert Image.open(io.BytesIO(read_png(tmp_path / "flat.png", 96))).size == (96, 1)
