"""MNIST and CIFAR-10 in their original formats, from files that the user has (nothing is downloaded)."""

from __future__ import annotations

import gzip
import os
from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch

from workbench.errors import InputError
from workbench.zoo.shape import Shape
from workbench.zoo.task import Batch, Task, register_task

FOLDER: Final = "WORKBENCH_DATA"
MNIST_FILES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CIFAR_LEARN: Final = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST: Final = "test_batch.bin"
CIFAR_RECORD: Final = 1 + 3 * 32 * 32
# Scoring all 10,000 images of the official test split would take longer than training on a small machine.
SCORED: Final = 2000


class _Files(Task):
    """Images from files; the first images of the official test split are the test."""

    @abstractmethod
    def _read(self) -> tuple[Batch, Batch]:
        """Return what is learnt from, and the official test split."""

    @cached_property
    def _split(self) -> tuple[Batch, Batch]:
        return self._read()

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        learn = self._split[0]
        rows = torch.randint(len(learn), (size,), generator=generator)
        return Batch((_scaled(learn.inputs[0][rows]),), learn.targets[rows])

    def test(self) -> Batch:
        test = self._split[1]
        return Batch((_scaled(test.inputs[0][:SCORED]),), test.targets[:SCORED])


@register_task("mnist", "MNIST, from its four files in the folder that WORKBENCH_DATA names")
class Mnist(_Files):
    """Handwritten digits of 28 x 28 pixels (idx files, packed with gzip or not)."""

    shape = Shape("image", 10, size=28)

    def _read(self) -> tuple[Batch, Batch]:
        arrays = [_idx(_found(name)) for name in MNIST_FILES]
        images = [torch.from_numpy(array.copy())[:, None] for array in arrays[::2]]
        labels = [torch.from_numpy(array.astype(np.int64)) for array in arrays[1::2]]
        return Batch((images[0],), labels[0]), Batch((images[1],), labels[1])


@register_task("cifar10", "CIFAR-10, from its six binary files in the folder that WORKBENCH_DATA names")
class Cifar10(_Files):
    """Colour photographs of 32 x 32 pixels, from the binary version; that for Python holds pickles."""

    shape = Shape("image", 10, channels=3, size=32)

    def _read(self) -> tuple[Batch, Batch]:
        parts = [_cifar(_found(name)) for name in CIFAR_LEARN]
        images, labels = (torch.cat(some) for some in zip(*parts, strict=True))
        test_images, test_labels = _cifar(_found(CIFAR_TEST))
        return Batch((images,), labels), Batch((test_images,), test_labels)


def _scaled(images: torch.Tensor) -> torch.Tensor:
    """Return bytes as numbers from -1 to 1."""
    return images.float() / 127.5 - 1


def _found(name: str) -> Path:
    """Return a file of the user's folder, packed or not.

    Raises:
        InputError: no folder is named, or the file is not there.
    """
    folder = os.environ.get(FOLDER)
    if folder is None:
        raise InputError("a folder with the data set's original files", f"{FOLDER} not set", f"set {FOLDER} to it")
    for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if path.is_file():
            return path
    raise InputError(f"the file {name} or {name}.gz", f"neither in {folder}", "put the original files there")


def _idx(path: Path) -> np.ndarray:
    """Read an idx file: two zero bytes, type, number of dimensions, the dimensions as big-endian integers, the data.

    Raises:
        InputError: another format, or another number of bytes than it promises.
    """
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise InputError("an idx file of bytes", f"{path} begins with {data[:4].hex()}", "give the original file")
    size = np.frombuffer(data, ">u4", data[3], 4).astype(int)
    start = 4 + 4 * data[3]
    if len(data) - start != size.prod():
        raise InputError(f"{size.prod()} bytes of data", f"{len(data) - start} in {path}", "fetch the file again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(size)


def _cifar(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Read records of one label and 3 x 32 x 32 pixels.

    Raises:
        InputError: no whole number of records.
    """
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if not data or len(data) % CIFAR_RECORD:
        raise InputError(f"records of {CIFAR_RECORD} bytes", f"{len(data)} bytes in {path}", "give the binary version")
    records = torch.from_numpy(np.frombuffer(data, np.uint8).reshape(-1, CIFAR_RECORD).copy())
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].long()
