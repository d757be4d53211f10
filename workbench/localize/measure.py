"""Measure the images of a batch: the text they show, and how much the rest of the image moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from workbench.localize.pairs import Pair
from workbench.metrics import character_precision_recall, ssim_many
from workbench.metrics.reader import TextReader

CHANGED: Final = 40
MARGIN: Final = 3


def rest_of_image(source: np.ndarray, target: np.ndarray, reader: TextReader) -> np.ndarray:
    """Return the mask [height, width] of pixels that are not text in either image.

    Text is what the reader locates; where it locates nothing (single-line strips have no detection), it is
    the box of the pixels in which the two images, of one noise and one scene, clearly differ.
    """
    height, width = source.shape[:2]
    text = np.zeros((height, width), dtype=bool)
    for left, top, right, bottom in [*reader.locate(source), *reader.locate(target)]:
        text[max(0, top) : bottom, max(0, left) : right] = True
    if not text.any():
        difference = np.abs(source.astype(np.int16) - target.astype(np.int16)).max(axis=-1) > CHANGED
        rows, columns = np.nonzero(difference.any(axis=1))[0], np.nonzero(difference.any(axis=0))[0]
        if len(rows):
            text[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    grown = Image.fromarray(text.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * MARGIN + 1))
    text = np.asarray(grown, dtype=bool)
    return np.ones_like(text) if text.mean() > 0.9 else ~text


def measure(
    images: Mapping[str, np.ndarray], source: np.ndarray, rest: np.ndarray, pair: Pair, reader: TextReader
) -> dict[str, dict[str, float | str]]:
    """Read and compare the images of one pair and seed.

    Args:
        images: uint8 RGB [height, width, 3] by arm key.
        source: the unpatched image of the pair.
        rest: mask of the pixels that are not text.
        pair: the texts wanted.
        reader: the OCR engine.

    Returns:
        For each arm: `text` as read, character precision and recall to both texts, `exact` (1 if the target
        word was read), `drift` (1 - SSIM outside the text) and `ssim` of the whole image to the source.
    """
    stack = np.stack(list(images.values()))
    whole = ssim_many(stack, source)
    # With the text itself taken from the source, the SSIM windows beside it see none of the change.
    outside = ssim_many(np.where(rest[..., None], stack, source), source, rest)
    texts = reader.read(list(stack))
    measured: dict[str, dict[str, float | str]] = {}
    for row, (arm, text) in enumerate(zip(images, texts, strict=True)):
        target_precision, target_recall = character_precision_recall(text, pair.target_text)
        source_precision, source_recall = character_precision_recall(text, pair.source_text)
        measured[arm] = {
            "text": text,
            "target_precision": target_precision,
            "target_recall": target_recall,
            "source_precision": source_precision,
            "source_recall": source_recall,
            "exact": float(text.strip().lower() == pair.target_text.strip().lower()),
            "drift": float(1 - outside[row]),
            "ssim": float(whole[row]),
        }
    return measured
