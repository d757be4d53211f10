"""Scores of each method over pairs and seeds, with bootstrap confidence intervals over pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from workbench.edit.settings import METHODS
from workbench.localize.scores import DRAWS, LEVEL
from workbench.metrics import corpus_f1

Interval = tuple[float, float]
MEANS: Final = {
    "word_accuracy": "exact",
    "ssim": "ssim",
    "psnr": "psnr",
    "outside_text": "outside_text",
    "seconds": "seconds",
    "denoiser_rows": "denoiser_rows",
}


@dataclass(frozen=True)
class EditedImage:
    """One image of an edit and what was measured on it.

    Args:
        pair: index of the pair.
        seed: seed of the noise.
        method: a name of `METHODS`.
        file: name of the PNG in the run's folder `images`.
        pixels: hash of its pixels.
        text: what the reader read.
        target_precision, target_recall, source_precision, source_recall: of its characters to both texts.
        exact: 1 if it reads as the target text, else 0.
        ssim: structural similarity to the reference, the source's image or the given one.
        psnr: peak signal-to-noise ratio to the reference, in dB; 148.13 for an identical image.
        outside_text: 1 - SSIM to the reference outside the text.
        seconds: seconds of the generation, as the share that the method's rows have in their batch.
        denoiser_rows: denoiser rows that the method needs for it, run alone.
    """

    pair: int
    seed: int
    method: str
    file: str
    pixels: str
    text: str
    target_precision: float
    target_recall: float
    source_precision: float
    source_recall: float
    exact: float
    ssim: float
    psnr: float
    outside_text: float
    seconds: float
    denoiser_rows: float


@dataclass(frozen=True)
class MethodScore:
    """What one method does, over its pairs and seeds.

    Args:
        method: a name of `METHODS`.
        images: images scored.
        target_f1, source_f1: character-multiset F1 of means, as published; unrelated words reach 0.2 to 0.3.
        word_accuracy: share of images that read exactly as the target text.
        ssim, psnr: means, of the whole image to the reference.
        outside_text: mean of 1 - SSIM to the reference outside the text.
        seconds, denoiser_rows: mean cost of one image if the method is run alone.
        ci: 95 % bootstrap intervals, pairs resampled, of the figures of text and image; empty with one pair.
    """

    method: str
    images: int
    target_f1: float
    source_f1: float
    word_accuracy: float
    ssim: float
    psnr: float
    outside_text: float
    seconds: float
    denoiser_rows: float
    ci: dict[str, Interval]


def score_methods(images: Sequence[EditedImage]) -> tuple[MethodScore, ...]:
    """Score every method that has images, in the order of `METHODS`."""
    by_method = dict(iter(pd.DataFrame([vars(image) for image in images]).groupby("method")))
    return tuple(_score(method, by_method[method]) for method in METHODS if method in by_method)


def _score(method: str, images: pd.DataFrame) -> MethodScore:
    values = images.groupby("pair").mean(numeric_only=True)
    draws = np.random.default_rng(0).integers(0, len(values), size=(DRAWS, len(values)))
    sample = np.arange(len(values))[None]
    figures: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        **{f"{side}_f1": _f1_of(values, side) for side in ("target", "source")},
        **{name: _mean_of(values, column) for name, column in MEANS.items()},
    }
    timed = ("seconds", "denoiser_rows")
    several = len(values) > 1
    ci = {name: _interval(figure(draws)) for name, figure in figures.items() if several and name not in timed}
    return MethodScore(
        method=method, images=len(images), ci=ci, **{name: float(figure(sample)[0]) for name, figure in figures.items()}
    )


def _f1_of(values: pd.DataFrame, side: str) -> Callable[[np.ndarray], np.ndarray]:
    precision, recall = values[f"{side}_precision"].to_numpy(), values[f"{side}_recall"].to_numpy()
    return lambda index: corpus_f1(precision[index], recall[index], axis=-1)


def _mean_of(values: pd.DataFrame, column: str) -> Callable[[np.ndarray], np.ndarray]:
    means = values[column].to_numpy(dtype=float)
    return lambda index: np.asarray(means[index].mean(axis=-1))


def _interval(draws: np.ndarray) -> Interval:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
