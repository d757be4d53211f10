"""Training data to try adapters with: signs with digits, which the glyph models never saw, and signs with letters."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from workbench.errors import InputError
from workbench.files import whole
from workbench.glyph.captions import Caption, draw_caption, training_caption
from workbench.glyph.draw import COLOURS, THINGS

DIGITS: Final = "2479"
LENGTHS: Final = (2, 3, 4, 5)


def write_samples(folder: str | Path, count: int = 256, *, seed: int = 0) -> Path:
    """Write signs with captions as a folder that `train_adapter` reads, and return it.

    Every other sign says two to five digits out of 2, 4, 7 and 9; the others say letters as in the training of the
    glyph models, without which an adapter forgets them at once.

    Args:
        folder: a new folder; a folder that is there stays as it is.
        count: of images, each 32 x 96 pixels.
        seed: decides texts, colours and walls.

    Raises:
        InputError: no image at all, or a folder that is there.
    """
    target = Path(folder)
    if count < 1:
        raise InputError("at least one image", str(count), "ask for more")
    if target.exists():
        raise InputError("a folder that is not there yet", repr(str(target)), "give another name, or use what is there")
    target.parent.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    with whole(target) as part:
        part.mkdir()
        lines = []
        for number in range(count):
            caption = _digits(rng) if number % 2 == 0 else training_caption(rng)
            pixels = (draw_caption(caption, rng) * 255).round().astype(np.uint8)
            name = f"{number:04d}.png"
            Image.fromarray(pixels).save(part / name)
            lines.append(json.dumps({"file_name": name, "text": caption.prompt}))
        (part / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def _digits(rng: random.Random) -> Caption:
    text = "".join(rng.choices(DIGITS, k=rng.choice(LENGTHS)))
    return Caption(text, rng.choice(tuple(COLOURS)), rng.choice(THINGS))
