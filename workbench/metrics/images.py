"""The image format of this package: uint8 RGB arrays of shape [height, width, 3]."""

from __future__ import annotations

import numpy as np

from workbench.errors import InputError


def check_image(image: np.ndarray) -> None:
    """Refuse whatever is not a uint8 RGB array of shape [height, width, 3] with at least one pixel.

    Raises:
        InputError: naming the type and shape that arrived.
    """
    if not isinstance(image, np.ndarray):
        raise InputError("an array", type(image).__name__, "convert it with np.asarray(image)")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise InputError(
            "uint8 RGB of shape [height, width, 3]",
            f"{image.dtype} of shape {list(image.shape)}",
            "scale floats in 0..1 by 255, round and cast, and pass a list of images, not a single one",
        )
