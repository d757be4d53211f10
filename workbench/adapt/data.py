"""Training data: a folder of captioned images, or whatever yields batches of (image, prompt)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from workbench.errors import InputError
from workbench.runs.images import inside

Batch = Sequence[tuple[Any, str]]
METADATA: Final = ("metadata.jsonl", "metadata.csv")
COLUMNS: Final = ("file_name", "text")


class BatchSource(Protocol):
    """Gives the batch of a number; the same number gives the same batch, so that training can go on where it was."""

    @property
    def captions(self) -> tuple[str, ...]:
        """Captions known beforehand."""
        ...

    @property
    def identity(self) -> str:
        """What tells these data from others."""
        ...

    def batch(self, number: int, size: int) -> Batch:
        """Return that batch."""
        ...


@dataclass(frozen=True)
class Folder:
    """Images of a folder with their captions, shuffled anew in each pass.

    Args:
        files: image files.
        captions: one caption per file.
        seed: decides the order.
    """

    files: tuple[Path, ...]
    captions: tuple[str, ...]
    seed: int

    @property
    def identity(self) -> str:
        """Hash of names, sizes and captions, to tell whether a training goes on with the same data."""
        lines = [(file.name, file.stat().st_size, text) for file, text in zip(self.files, self.captions, strict=True)]
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()

    def batch(self, number: int, size: int) -> Batch:
        """Return the batch of that number."""
        places = range(number * size, (number + 1) * size)
        rows = [int(self._order(place // len(self.files))[place % len(self.files)]) for place in places]
        return [(_open_image(self.files[row]), self.captions[row]) for row in rows]

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.files))


class Stream:
    """Batches from a function of the batch's number, or from an iterable, which is wound forward when resumed."""

    captions: tuple[str, ...] = ()
    identity = "stream"

    def __init__(self, data: Callable[[int], Batch] | Iterable[Batch]) -> None:
        self._function = data if callable(data) else None
        self._rest = iter(()) if callable(data) else iter(data)
        self._next = 0

    def batch(self, number: int, size: int) -> Batch:
        """Return the batch of that number; its size is up to the data."""
        if self._function is not None:
            return _checked(self._function(number))
        found: Batch = ()
        while self._next <= number:
            try:
                found = next(self._rest)
            except StopIteration:
                raise InputError(
                    f"a batch for each step, so at least {number + 1}",
                    f"{self._next}",
                    "give more batches or fewer steps",
                ) from None
            self._next += 1
        return _checked(found)


def open_data(data: Any, seed: int) -> BatchSource:
    """Return where batches come from.

    Args:
        data: a folder with `metadata.jsonl` or `metadata.csv` of the columns `file_name` and `text`, as in image
            folders of the data sets library; or a function of the batch's number, or an iterable, that gives lists of
            (image, prompt). An image is a Pillow image or a uint8 RGB array [height, width, 3].
        seed: decides the order of a folder's images.

    Raises:
        InputError: no such folder, no or bad metadata, a file name that leads out of the folder, no image there.
    """
    if not isinstance(data, (str, Path)):
        if not callable(data) and not isinstance(data, Iterable):
            raise InputError("a folder, a function or an iterable of batches", type(data).__name__, "give one of these")
        return Stream(data)
    folder = Path(data)
    table = _read_metadata(folder)
    files = tuple(inside(folder, str(name)) for name in table["file_name"])
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise InputError("the images that the metadata names", f"no {missing[0]!r} in {str(folder)!r}", "add them")
    return Folder(files, tuple(str(text) for text in table["text"]), seed)


def pixel_batch(batch: Batch, height: int, width: int) -> tuple[torch.Tensor, list[str]]:
    """Return images as float32 [row, 3, height, width] in -1..1, cropped at the centre and resized, and prompts."""
    rows = []
    for image, _ in batch:
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        fitted = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
        rows.append(torch.from_numpy(np.asarray(fitted, dtype=np.float32) / 127.5 - 1).permute(2, 0, 1))
    return torch.stack(rows), [prompt for _, prompt in batch]


def _read_metadata(folder: Path) -> pd.DataFrame:
    file = next((folder / name for name in METADATA if (folder / name).is_file()), None)
    if file is None:
        raise InputError(f"a folder of images with {' or '.join(METADATA)}", f"{str(folder)!r} without", "add one")
    try:
        if file.suffix == ".csv":
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
        else:
            table = pd.read_json(file, lines=True, dtype=False)
    except (OSError, ValueError) as error:
        raise InputError("readable metadata", f"{str(file)!r}: {error}", f"write columns {COLUMNS}") from error
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing or table.empty or table[list(COLUMNS)].isna().any(axis=None):
        got = f"no column {', '.join(missing)}" if missing else "no rows, or empty cells"
        raise InputError(f"metadata with the columns {', '.join(COLUMNS)}", f"{str(file)!r} with {got}", "add them")
    return table


def _open_image(file: Path) -> Image.Image:
    try:
        with Image.open(file) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise InputError("a readable image", f"{str(file)!r}: {error}", "replace or remove it") from error


def _checked(batch: Any) -> Batch:
    for image, prompt in batch:
        array = np.asarray(image)
        if not isinstance(prompt, str) or (not isinstance(image, Image.Image) and array.dtype != np.uint8):
            raise InputError(
                "batches of (image, prompt), images by Pillow or as uint8 [height, width, 3]",
                f"({array.dtype} {list(array.shape)}, {type(prompt).__name__})",
                "convert them",
            )
    if not len(batch):
        raise InputError("at least one (image, prompt) in each batch", "an empty batch", "leave it out")
    return batch
