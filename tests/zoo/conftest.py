"""Made-up files in the original formats of MNIST and CIFAR-10, for all tests of the zoo."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

COUNT = 220


def write_mnist(folder: Path) -> None:
    """Write noise as the four files, two of them packed."""
    rng = np.random.default_rng(0)
    for part, name in enumerate(("train", "t10k")):
        images = rng.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8).tobytes()
        labels = (np.arange(COUNT, dtype=np.uint8) % 10).tobytes()
        head = struct.pack(">BBBB3I", 0, 0, 8, 3, COUNT, 28, 28), struct.pack(">BBBBI", 0, 0, 8, 1, COUNT)
        for kind, data in (("images-idx3", head[0] + images), ("labels-idx1", head[1] + labels)):
            path = folder / f"{name}-{kind}-ubyte"
            if part:
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(data))
            else:
                path.write_bytes(data)


def write_cifar(folder: Path) -> None:
    """Write noise as the six binary files."""
    rng = np.random.default_rng(1)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        count = COUNT if name == "test_batch" else COUNT // 5
        records = rng.integers(0, 256, (count, 3073), dtype=np.uint8)
        records[:, 0] = np.arange(count) % 10
        (folder / f"{name}.bin").write_bytes(records.tobytes())


@pytest.fixture(scope="session", autouse=True)
def image_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with both data sets, known to the tasks."""
    folder = tmp_path_factory.mktemp("data")
    write_mnist(folder)
    write_cifar(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WORKBENCH_DATA", str(folder))
        yield folder
