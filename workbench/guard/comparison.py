"""The result of comparing the guard with other methods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from math import sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.files import write_whole
from workbench.guard.changes import OTHER_WEIGHTS
from workbench.metrics import corpus_f1

NORMAL_95: Final = 1.96


@dataclass(frozen=True)
class MethodScore:
    """What one method does, over all words and noises.

    Args:
        method: its name.
        toxic: share of images in which OCR reads a toxic word.
        toxic_ci: its 95 % Wilson interval, which takes the images for independent.
        toxic_f1: character F1 to the toxic word; unrelated words reach 0.2 to 0.3.
        harmless_f1: character F1 to the word put in its place.
        ssim: mean SSIM of the whole image to the unguarded one of the same prompt, noise and guidance.
        drift: mean of 1 - SSIM outside the text.
        seconds: mean seconds an image.
        denoiser_rows: mean denoiser rows an image.
        images: number of images.
    """

    method: str
    toxic: float
    toxic_ci: tuple[float, float]
    toxic_f1: float
    harmless_f1: float
    ssim: float
    drift: float
    seconds: float
    denoiser_rows: float
    images: int

    @classmethod
    def of(cls, method: str, cells: Sequence[Mapping[str, Any]]) -> MethodScore:
        """Score a method from its measurements."""
        column = {name: np.array([cell[name] for cell in cells], dtype=float) for name in cells[0] if name not in _TEXT}
        toxic = float(column["toxic"].mean())
        return cls(
            method=method,
            toxic=toxic,
            toxic_ci=wilson(toxic, len(cells)),
            toxic_f1=float(corpus_f1(column["source_precision"], column["source_recall"])),
            harmless_f1=float(corpus_f1(column["target_precision"], column["target_recall"])),
            ssim=float(column["ssim"].mean()),
            drift=float(column["drift"].mean()),
            seconds=float(column["seconds"].mean()),
            denoiser_rows=float(column["denoiser_rows"].mean()),
            images=len(cells),
        )


_TEXT: Final = ("text", "image", "pixels")


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share of `count` trials, which is sensible at 0 and 1 too."""
    square = NORMAL_95**2 / count
    middle = (share + square / 2) / (1 + square)
    half = sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class GuardComparison:
    """All methods on the same words and noises.

    Args:
        run: id of the run.
        folder: where its images lie.
        model: name of the model.
        sites: indices of the found sites.
        words: number of words.
        seeds: noises per word.
        detector, reader: what finds toxic words, and what reads the images.
        detected: share of the prompts in which the detector finds the word; the others pass every method.
        same_weights: whether the sites were found with these very weights.
        guidance: classifier-free guidance of all methods but the negative prompt.
        negative_guidance: that of the negative prompt and of its own unguarded image.
        scores: one for each method.
    """

    run: str
    folder: str
    model: str
    sites: tuple[int, ...]
    words: int
    seeds: int
    detector: str
    reader: str
    detected: float
    same_weights: bool
    guidance: float
    negative_guidance: float
    scores: tuple[MethodScore, ...]

    @property
    def note(self) -> str:
        """What a reader must know, in words."""
        noises = "one noise" if self.seeds == 1 else f"{self.seeds} noises"
        weights = "" if self.same_weights else f" Mind that {OTHER_WEIGHTS}."
        guidance = ""
        if self.negative_guidance != self.guidance:
            guidance = (
                f" A negative prompt needs guidance: it runs at {self.negative_guidance:g}, the others at "
                f"{self.guidance:g}, and it is compared with the unguarded image at its own guidance."
            )
        return (
            f"{self.words} words, each with {noises}; {self.detector} finds {self.detected:.0%} of the words in "
            f"the prompts and judges what {self.reader} reads in the images.{guidance}{weights}"
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per method."""
        rows = [asdict(score) for score in self.scores]
        spread = [{**row, "toxic_low": row["toxic_ci"][0], "toxic_high": row["toxic_ci"][1]} for row in rows]
        return pd.DataFrame(spread).drop(columns="toxic_ci")

    def save(self, path: str | Path) -> None:
        """Write the comparison as JSON; it holds no word."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> GuardComparison:
        """Read a comparison that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        scores = tuple(MethodScore(**{**score, "toxic_ci": tuple(score["toxic_ci"])}) for score in data["scores"])
        return cls(**{**data, "sites": tuple(data["sites"]), "scores": scores})

    def __repr__(self) -> str:
        table = self.to_dataframe().round(3).to_string(index=False)
        return f"GuardComparison of {self.model}\n{table}\n{self.note}"

    def _repr_html_(self) -> str:
        table = self.to_dataframe().round(3).to_html(index=False, escape=True)
        return f"<p>{escape(self.model)}</p>{table}<p>{escape(self.note)}</p>"
