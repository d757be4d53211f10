"""Image files of a run: written whole or not at all, inside the run's folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from workbench.errors import InputError
from workbench.files import whole


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder, after checking that it does not lead out of it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"a file name inside {folder}", repr(name), "give a plain file name")
    return path


def pixel_hash(image: np.ndarray) -> str:
    """Return the SHA-256 of an image's shape and pixels, 64 hex digits."""
    return hashlib.sha256(f"{image.shape}".encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


def write_image(path: Path, image: np.ndarray) -> None:
    """Write a uint8 RGB image as PNG; a reader never sees half a file."""
    with whole(path) as part:
        Image.fromarray(image).save(part, format="PNG")


def read_image(path: Path) -> np.ndarray:
    """Read a PNG as uint8 RGB of shape [height, width, 3]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
