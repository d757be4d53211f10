"""Measure how far an image moved from a reference: the price of a patch that changes more than the text.

Images are uint8 RGB of shape [height, width, 3]; a mask is a boolean array of shape [height, width], True where
a pixel counts. The published tables hold wrap-around errors (uint8 differences squared in uint8), which saturate
near 105.5 and are not monotone: they are here for comparison only; SSIM is the comparable number.

Source: the evaluation code of arXiv 2502.09935 (`src/eval/basic_metrics.py`) and pytorch_msssim's settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

PEAK: Final = 255.0
MSE_FLOOR: Final = 1e-10
SSIM_WINDOW: Final = 11
SSIM_SIGMA: Final = 1.5
# Measured on 32 x 96 images: more images per convolution take longer per image, as they leave the CPU's cache.
SSIM_CHUNK: Final = 8


@dataclass(frozen=True)
class Drift:
    """Distances between an image and its reference.

    Attributes:
        ssim: structural similarity, 1 for identical images.
        mse: mean squared error in squared grey levels, 0..65025.
        psnr: peak signal-to-noise ratio in dB, 148.13 for identical images.
        wrapped_mse: the published error modulo 256, 0..255.
        wrapped_psnr: the published PSNR, from `wrapped_mse`.
    """

    ssim: float
    mse: float
    psnr: float
    wrapped_mse: float
    wrapped_psnr: float


def drift(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> Drift:
    """Measure all distances between an image and its reference, both [height, width, 3].

    Raises:
        InputError: wrong type or shape, a mask without pixels, or an image smaller than the SSIM window.
    """
    return Drift(
        ssim=ssim(image, reference, mask),
        mse=mse(image, reference, mask),
        psnr=psnr(image, reference, mask),
        wrapped_mse=wrapped_mse(image, reference, mask),
        wrapped_psnr=wrapped_psnr(image, reference, mask),
    )


def mse(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the mean squared error over counted pixels and channels, in squared grey levels."""
    return _mean_square(image, reference, mask, _square)


def wrapped_mse(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the published error: difference and square both wrap around in uint8."""
    return _mean_square(image, reference, mask, _wrapped_square)


def psnr(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the peak signal-to-noise ratio in dB; the error is floored at 1e-10, as published."""
    return _decibels(mse(image, reference, mask))


def wrapped_psnr(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the published PSNR in dB, from `wrapped_mse`."""
    return _decibels(wrapped_mse(image, reference, mask))


def _square(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    squares: np.ndarray = (image.astype(np.float64) - reference) ** 2
    return squares


def _wrapped_square(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    squares: np.ndarray = (image - reference) ** 2
    return squares


def _mean_square(
    image: np.ndarray,
    reference: np.ndarray,
    mask: np.ndarray | None,
    square: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> float:
    _check_pair(image, reference, dimensions=3)
    if mask is None:
        return float(square(image, reference).mean())
    _check_mask(mask, image.shape[:2])
    return float(square(image, reference)[mask].mean())


def _decibels(error: float) -> float:
    return float(10 * np.log10(PEAK**2 / max(error, MSE_FLOOR)))


def ssim(image: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the structural similarity of two images [height, width, 3]; see `ssim_many`."""
    _check_pair(image, reference, dimensions=3)
    return float(ssim_many(image[None], reference, mask)[0])


def ssim_many(images: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the structural similarity of many images, in float32 with a Gaussian window of 11 pixels, sigma 1.5.

    The similarity map is averaged over counted pixels and channels. Borders are reflected, so border pixels
    count; pytorch_msssim leaves out 5 pixels on each side: a mask of the inner pixels gives its value.

    Args:
        images: [n, height, width, 3].
        reference: one image [height, width, 3] for all, or one for each [n, height, width, 3].
        mask: boolean [height, width], the same for all images.

    Returns:
        float64 of shape [n].

    Raises:
        InputError: wrong type or shape, a mask without pixels, or height or width under 11 pixels.
    """
    if reference.ndim == 3:
        reference = np.broadcast_to(reference, (len(images), *reference.shape))
    _check_pair(images, reference, dimensions=4)
    if min(images.shape[1:3]) < SSIM_WINDOW:
        raise InputError(
            f"images of at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels, the SSIM window",
            f"{images.shape[1]} x {images.shape[2]}",
            "use mse or enlarge both images",
        )
    counted = np.ones(images.shape[1:3], dtype=bool) if mask is None else mask
    _check_mask(counted, images.shape[1:3])
    chunks = range(0, len(images), SSIM_CHUNK)
    values = [_ssim_chunk(images[i : i + SSIM_CHUNK], reference[i : i + SSIM_CHUNK], counted) for i in chunks]
    return np.concatenate(values)


def _ssim_chunk(images: np.ndarray, references: np.ndarray, mask: np.ndarray) -> np.ndarray:
    import torch
    from torchmetrics.functional.image import structural_similarity_index_measure

    with torch.no_grad():
        _, similarity = structural_similarity_index_measure(
            _as_planes(images),
            _as_planes(references),
            sigma=SSIM_SIGMA,
            kernel_size=SSIM_WINDOW,
            data_range=PEAK,
            reduction="none",
            return_full_image=True,
        )
    values: np.ndarray = similarity[:, :, torch.from_numpy(mask)].double().mean(dim=(1, 2)).numpy()
    return values


def _as_planes(images: np.ndarray) -> Tensor:
    """Return float32 [n, 3, height, width]."""
    import torch

    return torch.from_numpy(images.astype(np.float32).transpose(0, 3, 1, 2))


def _check_pair(image: np.ndarray, reference: np.ndarray, dimensions: int) -> None:
    shape = "[height, width, 3]" if dimensions == 3 else "[n, height, width, 3]"
    right = image.ndim == dimensions and image.shape[-1] == 3 and image.size > 0 and image.shape == reference.shape
    if not right or image.dtype != np.uint8 or reference.dtype != np.uint8:
        raise InputError(
            f"two uint8 RGB arrays of one shape {shape}",
            f"{image.dtype} {list(image.shape)} and {reference.dtype} {list(reference.shape)}",
            "scale floats in 0..1 by 255, round and cast",
        )


def _check_mask(mask: np.ndarray, size: tuple[int, ...]) -> None:
    if mask.dtype != np.bool_ or mask.shape != size or not mask.any():
        raise InputError(
            f"a boolean mask of shape {list(size)} with at least one True",
            f"{mask.dtype} {list(mask.shape)} with {int(np.count_nonzero(mask))} set",
            "mark the pixels that should count",
        )
