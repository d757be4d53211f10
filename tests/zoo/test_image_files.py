"""Readers of MNIST and CIFAR-10: the pixels that are in the files, and clear words about those that are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.errors import InputError
from workbench.zoo.tasks.image_files import Cifar10, Mnist


def test_mnist_pixels(image_files: Path) -> None:
    raw = np.frombuffer((image_files / "train-images-idx3-ubyte").read_bytes()[16:], np.uint8).reshape(-1, 28, 28)
    batch = Mnist().batch(5, torch.Generator().manual_seed(0))
    images = ((batch.inputs[0][:, 0] + 1) * 127.5).round().byte().numpy()
    rows = [next(row for row in range(len(raw)) if (raw[row] == image).all()) for image in images]
    assert batch.targets.tolist() == [row % 10 for row in rows]


def test_cifar_pixels_are_planes_of_red_green_and_blue(image_files: Path) -> None:
    raw = np.frombuffer((image_files / "test_batch.bin").read_bytes(), np.uint8).reshape(-1, 3073)
    test = Cifar10().test()
    assert test.targets.tolist() == raw[:, 0].tolist()
    found = ((test.inputs[0][3, 1, 2, 4] + 1) * 127.5).round()
    assert int(found) == raw[3, 1 + 1024 + 2 * 32 + 4]


def test_missing_and_broken_files(image_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(image_files, tmp_path / "data")
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "data"))
    (tmp_path / "data/data_batch_3.bin").write_bytes(b"short")
    with pytest.raises(InputError, match="binary version"):
        Cifar10().test()
    images = tmp_path / "data/train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-7])
    with pytest.raises(InputError, match="fetch the file again"):
        Mnist().test()
    images.write_bytes(b"\x89PNG" + bytes(20))
    with pytest.raises(InputError, match="an idx file"):
        Mnist().test()
    images.unlink()
    with pytest.raises(InputError, match="neither in"):
        Mnist().test()
    monkeypatch.delenv("WORKBENCH_DATA")
    with pytest.raises(InputError, match="WORKBENCH_DATA not set"):
        Mnist().test()
