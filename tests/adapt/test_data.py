"""Training data: folders with captions, functions and iterables of batches."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.adapt.materials import batches
from workbench import InputError
from workbench.adapt.data import open_data, pixel_batch


def folder(path: Path, rows: list[dict[str, object]], kind: str = "jsonl") -> Path:
    path.mkdir()
    for index in range(5):
        Image.new("RGB", (40, 20), (index, 0, 0)).save(path / f"{index}.png")
    if kind == "jsonl":
        (path / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    else:
        lines = [f'{row["file_name"]},"{row["text"]}"' for row in rows]
        (path / "metadata.csv").write_text("\n".join(["file_name,text", *lines]))
    return path


ROWS = [{"file_name": f"{index}.png", "text": f"picture, {index}"} for index in range(5)]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_each_pass_shows_every_image_once_with_its_caption_in_a_new_order(kind, tmp_path):
    source = open_data(folder(tmp_path / "d", ROWS, kind), seed=0)
    shown = [pair for number in range(10) for pair in source.batch(number, 2)]
    orders = []
    for first in (0, 5, 10, 15):
        some = shown[first : first + 5]
        reds = [image.getpixel((0, 0))[0] for image, _ in some]
        assert sorted(reds) == list(range(5))
        assert [text for _, text in some] == [f"picture, {red}" for red in reds]
        orders.append(tuple(reds))
    assert len(set(orders)) > 1
    again = open_data(tmp_path / "d", seed=0).batch(7, 2)
    assert [text for _, text in again] == [text for _, text in source.batch(7, 2)]


BAD = {
    "a name that leads out": ([{"file_name": "../secret.png", "text": "x"}], "inside"),
    "an absolute name": ([{"file_name": "/etc/hostname", "text": "x"}], "inside"),
    "a missing image": ([{"file_name": "9.png", "text": "x"}], "9.png"),
    "no text": ([{"file_name": "0.png"}], "no column text"),
    "an empty cell": ([{"file_name": "0.png", "text": None}], "empty cells"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata_is_refused(case, tmp_path):
    rows, told = BAD[case]
    (tmp_path / "secret.png").write_bytes(b"")
    with pytest.raises(InputError, match=told):
        open_data(folder(tmp_path / "d", rows), seed=0)


def test_folders_without_metadata_and_broken_files_are_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"metadata\.jsonl"):
            open_data(place, seed=0)
    (tmp_path / "metadata.jsonl").write_text("{")
    with pytest.raises(InputError, match="readable metadata"):
        open_data(tmp_path, seed=0)
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "x"}')
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(InputError, match="readable image"):
        open_data(tmp_path, seed=0).batch(0, 1)


def test_an_iterable_is_wound_forward(tmp_path):
    source = open_data((batches(number) for number in range(4)), seed=0)
    image, _ = source.batch(2, 2)[0]
    assert np.array_equal(image, batches(2)[0][0])
    with pytest.raises(InputError, match="at least 5"):
        source.batch(4, 2)


@pytest.mark.parametrize("batch", [[], [(np.zeros((4, 4, 3)), "x")], [(np.zeros((4, 4, 3), np.uint8), 3)]])
def test_bad_batches_are_refused(batch):
    with pytest.raises(InputError):
        open_data(lambda number: batch, seed=0).batch(0, 1)
    with pytest.raises(InputError, match="a function or an iterable"):
        open_data(7, seed=0)


def test_pixels_are_cropped_at_the_centre_and_scaled():
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 10:30] = 255
    pixels, prompts = pixel_batch([(image, "x"), (Image.fromarray(image), "y")], 20, 20)
    assert pixels.shape == (2, 3, 20, 20)
    assert float(pixels.min()) == 1.0
    assert prompts == ["x", "y"]
