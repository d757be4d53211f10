"""Score a glyph model on words it has never seen: is the word read exactly, are colour and thing right?"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.glyph.captions import Caption, held_out_words
from workbench.glyph.draw import COLOURS, THINGS, text_box, thing_layer
from workbench.metrics.reader import open_reader
from workbench.models.model import Model
from workbench.patch.generate import Sampling, generate


@dataclass(frozen=True)
class GlyphScore:
    """Shares of held-out captions drawn right, and seconds for one image."""

    images: int
    words_exact: float
    colour_right: float
    thing_right: float
    scene_right: float
    seconds_per_image: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def evaluate(model: Model, *, words: int = 100, letters: int = 4, seed: int = 0, batch: int = 20) -> GlyphScore:
    """Draw held-out words with the model's default sampling and score them.

    Args:
        model: a glyph model.
        words: number of words, each drawn once.
        letters: letters of each.
        seed: decides words, scenes and noises.
        batch: images of one generation.
    """
    rng = random.Random(seed)
    captions = [
        Caption(word, rng.choice(tuple(COLOURS)), rng.choice(THINGS)) for word in held_out_words(words, letters, seed)
    ]
    sampling, reader = Sampling.of(model), open_reader()
    exact = colour = thing = both = 0
    start = time.perf_counter()
    images: list[np.ndarray] = []
    for first in range(0, words, batch):
        some = captions[first : first + batch]
        seeds = [seed * words + first + row for row in range(len(some))]
        images.extend(generate(model, [caption.prompt for caption in some], seeds, sampling).images)
    seconds = (time.perf_counter() - start) / words
    for caption, image, text in zip(captions, images, reader.read(images), strict=True):
        seen_colour, seen_thing = recognise_scene(image, len(caption.word))
        exact += text.strip().upper() == caption.word
        colour += seen_colour == caption.colour
        thing += seen_thing == caption.thing
        both += (seen_colour, seen_thing) == (caption.colour, caption.thing)
    return GlyphScore(words, exact / words, colour / words, thing / words, both / words, seconds)


def recognise_scene(image: np.ndarray, letters: int) -> tuple[str, str]:
    """Return the colour and thing whose drawing is nearest to an image, its letters and its wall left out.

    Args:
        image: uint8 RGB of shape [32, 96, 3].
        letters: letters of the word, whose box is not compared.

    The error of a candidate is the mean squared difference where it covers the wall, plus that to the best
    linear wall where it does not.
    """
    pixels = image.astype(np.float32) / 255
    left, top, right, bottom = text_box(letters)
    counted = np.ones(pixels.shape[:2], dtype=bool)
    counted[top:bottom, left:right] = False
    errors = {
        (colour, thing): _scene_error(pixels, counted, thing_layer(colour, thing))
        for colour in COLOURS
        for thing in THINGS
    }
    return min(errors, key=lambda scene: errors[scene])


def _scene_error(pixels: np.ndarray, counted: np.ndarray, layer: np.ndarray) -> float:
    alpha = layer[..., 3]
    covered, bare = counted & (alpha > 0.95), counted & (alpha < 0.05)
    error = float(((pixels[covered] - layer[..., :3][covered]) ** 2).sum())
    if bare.sum() >= 4:
        columns = np.nonzero(bare)[1] / pixels.shape[1]
        design = np.stack([np.ones_like(columns), columns], axis=1)
        wall, *_ = np.linalg.lstsq(design, pixels[bare], rcond=None)
        error += float(((pixels[bare] - design @ wall) ** 2).sum())
    return error / float(covered.sum() + bare.sum())
