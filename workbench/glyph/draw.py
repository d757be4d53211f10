"""Draw the small signs that the glyph models learn: 32 x 96 pixels, one word, eight colours, four things.

Letters come from Pillow's built-in font, one per cell of 16 pixels, so that every letter covers whole
latent positions. The capital I gets serifs: without them OCR engines take it for a one or an L.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HEIGHT: Final = 32
WIDTH: Final = 96
CELL: Final = 16
FONT_SIZE: Final = 22
SUPERSAMPLE: Final = 8

COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (200, 30, 35),
    "orange": (240, 140, 20),
    "yellow": (250, 220, 40),
    "green": (20, 130, 60),
    "blue": (30, 70, 190),
    "purple": (125, 40, 150),
    "black": (25, 25, 25),
    "white": (245, 245, 245),
}
LIGHT: Final = frozenset({"orange", "yellow", "white"})
THINGS: Final = ("sign", "label", "screen", "plate")


def text_box(letters: int) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) in pixels of a centred word of that many letters."""
    half = letters * CELL // 2
    return WIDTH // 2 - half, 5, WIDTH // 2 + half, HEIGHT - 5


def ink_of(colour: str) -> tuple[int, int, int]:
    """Return the RGB colour of the letters on a thing of this colour."""
    return (15, 15, 15) if colour in LIGHT else (255, 255, 255)


@cache
def glyph_mask(letter: str) -> np.ndarray:
    """Return the coverage of one letter in its cell, float32 in 0..1 of shape [32, 16]."""
    scale = SUPERSAMPLE
    font = ImageFont.load_default(FONT_SIZE * scale)
    left, top, right, _ = font.getbbox(letter, anchor="ls")
    ink = Image.new("L", (int(right - left), HEIGHT * scale), 0)
    baseline = int(HEIGHT * scale / 2 + FONT_SIZE * scale * 0.36)
    pen = ImageDraw.Draw(ink)
    pen.text((-left, baseline), letter, fill=255, font=font, anchor="ls")
    if letter == "I":
        ink = _with_serifs(ink, baseline + int(top), baseline)
    width = min(ink.width, (CELL - 1) * scale)
    cell = Image.new("L", (CELL * scale, HEIGHT * scale), 0)
    cell.paste(ink.resize((width, ink.height), Image.Resampling.BOX), ((cell.width - width) // 2, 0))
    small = cell.resize((CELL, HEIGHT), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def _with_serifs(stem: Image.Image, top: int, bottom: int) -> Image.Image:
    bar, width = 2 * SUPERSAMPLE, 8 * SUPERSAMPLE
    wide = Image.new("L", (width, stem.height), 0)
    wide.paste(stem, ((width - stem.width) // 2, 0))
    pen = ImageDraw.Draw(wide)
    pen.rectangle((0, top, width, top + bar), fill=255)
    pen.rectangle((0, bottom - bar, width, bottom), fill=255)
    return wide


@cache
def thing_layer(colour: str, thing: str) -> np.ndarray:
    """Return the thing without letters and background, float32 RGBA in 0..1 of shape [32, 96, 4]."""
    s = SUPERSAMPLE
    w, h = WIDTH * s, HEIGHT * s
    layer = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    fill, ink = (*COLOURS[colour], 255), (*ink_of(colour), 255)
    match thing:
        case "sign":
            pen.rectangle((2 * s, 2 * s, w - 2 * s, h - 2 * s), fill=fill)
            pen.rectangle((3 * s, 3 * s, w - 3 * s, h - 3 * s), outline=ink, width=s)
        case "label":
            edge = [(0, h / 2), (8 * s, 2 * s), (w - s, 2 * s), (w - s, h - 2 * s), (8 * s, h - 2 * s)]
            pen.polygon(edge, fill=fill)
            pen.ellipse((2.5 * s, h / 2 - 2 * s, 6.5 * s, h / 2 + 2 * s), fill=(0, 0, 0, 0))
        case "screen":
            pen.rounded_rectangle((0, 0, w, h), radius=3 * s, fill=(90, 90, 95, 255))
            pen.rectangle((4 * s, 4 * s, w - 4 * s, h - 4 * s), fill=fill)
        case "plate":
            pen.rounded_rectangle((s, s, w - s, h - s), radius=13 * s, fill=fill)
        case _:
            raise ValueError(f"expected a thing out of {THINGS}, got {thing!r}")
    return np.asarray(layer.resize((WIDTH, HEIGHT), Image.Resampling.BOX), dtype=np.float32) / 255


def draw_sign(word: str, colour: str, thing: str, background: np.ndarray) -> np.ndarray:
    """Draw one image.

    Args:
        word: letters A-Z, at most five; an empty word leaves the thing blank.
        colour: a key of `COLOURS`.
        thing: one of `THINGS`.
        background: float32 RGB in 0..1 of shape [2, 3], the wall's colour at the left and at the right edge.

    Returns:
        float32 RGB in 0..1 of shape [32, 96, 3].
    """
    ramp = np.linspace(0, 1, WIDTH, dtype=np.float32)[None, :, None]
    image = np.broadcast_to(background[0] * (1 - ramp) + background[1] * ramp, (HEIGHT, WIDTH, 3))
    layer = thing_layer(colour, thing)
    image = image * (1 - layer[..., 3:]) + layer[..., :3] * layer[..., 3:]
    image = np.array(image, dtype=np.float32)
    if not word:
        return image
    left, _, right, _ = text_box(len(word))
    mask = np.concatenate([glyph_mask(letter) for letter in word], axis=1)[..., None]
    ink = np.asarray(ink_of(colour), dtype=np.float32) / 255
    image[:, left:right] = image[:, left:right] * (1 - mask) + ink * mask
    return image
