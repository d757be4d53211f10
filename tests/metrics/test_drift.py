"""Image distances against closed forms and against SSIM written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.metrics import Drift, drift, mse, psnr, ssim, ssim_many, wrapped_mse, wrapped_psnr


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """A smooth ramp with a little noise, so that SSIM is neither 0 nor 1."""
    ramp = np.linspace(40, 200, width)[None, :, None] + np.linspace(0, 30, height)[:, None, None]
    return np.asarray((ramp + noise(seed, height, width) / 8).astype(np.uint8))


def naive_ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """SSIM of each fully inside 11 x 11 window in float64, averaged over channels: [height - 10, width - 10]."""
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line)[..., None] / line.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    out = np.empty((a.shape[0] - 10, a.shape[1] - 10))
    for i, j in np.ndindex(*out.shape):
        x, y = (image[i : i + 11, j : j + 11].astype(np.float64) for image in (a, b))
        mx, my = (x * window).sum((0, 1)), (y * window).sum((0, 1))
        vx, vy = (x * x * window).sum((0, 1)) - mx**2, (y * y * window).sum((0, 1)) - my**2
        cov = (x * y * window).sum((0, 1)) - mx * my
        out[i, j] = np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return out


def test_identical_images() -> None:
    image = noise(0, 32, 96)
    result = drift(image, image.copy())
    assert isinstance(result, Drift)
    assert result.ssim == pytest.approx(1, abs=1e-6)
    assert (result.mse, result.wrapped_mse) == (0, 0)
    assert (result.psnr, result.wrapped_psnr) == pytest.approx((148.13, 148.13), abs=0.005)


def test_random_images_saturate_the_wrapped_error() -> None:
    a, b = noise(0, 256, 256), noise(1, 256, 256)
    assert wrapped_mse(a, b) == pytest.approx(105.5, abs=1)
    assert wrapped_psnr(a, b) == pytest.approx(10 * np.log10(255**2 / wrapped_mse(a, b)))
    # E(x - y)^2 of two uniform levels is twice the variance (256^2 - 1) / 12.
    assert mse(a, b) == pytest.approx((256**2 - 1) / 6, rel=0.02)


def test_wrapped_error_hides_large_changes() -> None:
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert (mse(black, white), wrapped_mse(black, white)) == (255**2, 1)
    assert psnr(black, white) == pytest.approx(0)


def test_the_mask_chooses_the_pixels() -> None:
    reference = picture(0, 32, 96)
    image = reference.copy()
    image[:, :48] = 255 - image[:, :48]
    right = np.zeros((32, 96), bool)
    right[:, 64:] = True
    assert drift(image, reference, right) == drift(reference, reference, right)
    assert ssim(image, reference, ~right) < ssim(image, reference) < 0.9
    assert mse(image, reference, ~right) == pytest.approx(mse(image, reference) * 96 / 64)
    everything = np.ones((32, 96), bool)
    assert drift(image, reference, everything) == drift(image, reference)


def test_ssim_of_inner_pixels_equals_the_written_out_windows() -> None:
    a, b = picture(0, 17, 23), picture(1, 17, 23)
    inner = np.zeros((17, 23), bool)
    inner[5:-5, 5:-5] = True
    expected = naive_ssim_map(a, b)
    assert 0.1 < expected.mean() < 0.99
    assert ssim(a, b, inner) == pytest.approx(expected.mean(), abs=2e-4)
    single = np.zeros((17, 23), bool)
    single[5 + 3, 5 + 7] = True
    assert ssim(a, b, single) == pytest.approx(expected[3, 7], abs=2e-3)


def test_unmasked_ssim_reflects_the_borders() -> None:
    a, b = picture(0, 17, 23), picture(1, 17, 23)
    padded = [np.pad(image, ((5, 5), (5, 5), (0, 0)), mode="reflect") for image in (a, b)]
    assert ssim(a, b) == pytest.approx(naive_ssim_map(*padded).mean(), abs=2e-4)


@pytest.mark.parametrize("count", [1, 8, 19])
def test_many_equal_one_by_one(count: int) -> None:
    images = np.stack([picture(i, 32, 96) for i in range(count)])
    references = np.stack([picture(100 + i, 32, 96) for i in range(count)])
    mask = np.random.default_rng(0).random((32, 96)) < 0.3
    shared = ssim_many(images, references[0], mask)
    assert shared.shape == (count,)
    np.testing.assert_allclose(shared, [ssim(image, references[0], mask) for image in images], atol=1e-5)
    own = [ssim(a, b) for a, b in zip(images, references, strict=True)]
    np.testing.assert_allclose(ssim_many(images, references), own, atol=1e-5)


def test_images_under_the_window_are_refused() -> None:
    with pytest.raises(InputError, match="11 x 11 pixels, the SSIM window; got 10 x 40"):
        ssim(noise(0, 10, 40), noise(1, 10, 40))


@pytest.mark.parametrize("measure", [mse, psnr, wrapped_mse, wrapped_psnr, ssim, drift])
def test_other_images_and_masks_are_refused(measure: object) -> None:
    assert callable(measure)
    image = noise(0, 16, 16)
    for other in (image.astype(np.float32), image[:15], image[..., 0]):
        with pytest.raises(InputError, match="expected two uint8 RGB arrays"):
            measure(image, other)
    for mask in (np.ones((16, 16)), np.ones((16, 15), bool), np.zeros((16, 16), bool)):
        with pytest.raises(InputError, match="expected a boolean mask"):
            measure(image, image, mask)


def test_many_refuses_other_numbers_of_references() -> None:
    with pytest.raises(InputError, match=r"\[n, height, width, 3\]"):
        ssim_many(noise(0, 3, 16, 16), noise(1, 2, 16, 16))
    with pytest.raises(InputError, match=r"\[n, height, width, 3\]"):
        ssim_many(noise(0, 16, 16), noise(1, 16, 16))
