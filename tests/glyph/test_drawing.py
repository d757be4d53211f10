"""Drawing, captions and the recognition of scenes."""

from __future__ import annotations

import random

import numpy as np
import pytest

from workbench.glyph.captions import (
    WORDS,
    Caption,
    draw_caption,
    held_out_words,
    is_held_out,
    random_background,
    training_caption,
)
from workbench.glyph.draw import COLOURS, THINGS, draw_sign, glyph_mask, text_box
from workbench.glyph.evaluate import recognise_scene
from workbench.metrics import open_reader


def test_training_never_shows_a_held_out_word():
    rng = random.Random(0)
    captions = [training_caption(rng) for _ in range(2000)]
    assert not any(is_held_out(caption.word) for caption in captions)
    assert {len(caption.word) for caption in captions} == {2, 3, 4, 5}
    assert {caption.word for caption in captions} & set(WORDS)


def test_held_out_words_are_distinct_seeded_and_never_trained():
    words = held_out_words(100, letters=4)
    assert len(set(words)) == 100
    assert all(is_held_out(word) and len(word) == 4 for word in words)
    assert words == held_out_words(100, letters=4)
    assert words != held_out_words(100, letters=4, seed=1)


def test_prompts_read_as_asked():
    assert Caption("HELP", "red", "sign").prompt == 'A red sign that says "HELP"'
    assert Caption("GO", "orange", "plate").prompt == 'An orange plate that says "GO"'


def test_the_word_changes_its_box_alone():
    wall = random_background(random.Random(0))
    one, other = draw_sign("STOP", "blue", "screen", wall), draw_sign("EXIT", "blue", "screen", wall)
    changed = np.abs(one - other).max(axis=-1) > 0
    left, top, right, bottom = text_box(4)
    inside = np.zeros_like(changed)
    inside[top - 2 : bottom + 2, left:right] = True
    assert changed.any()
    assert not (changed & ~inside).any()


def test_the_capital_i_has_serifs_and_letters_fit_their_cells():
    # Without serifs the ink of an I is as wide at its foot as in its middle.
    mask = glyph_mask("I") > 0.5
    rows = mask.any(axis=1).nonzero()[0]
    assert mask[rows[-1]].sum() > 2 * mask[16].sum()
    for letter in "MWQI":
        assert glyph_mask(letter)[:, 0].max() < 0.5


def test_the_reader_reads_what_is_drawn():
    rng = random.Random(1)
    captions = [training_caption(rng) for _ in range(40)]
    images = [(draw_caption(caption, rng) * 255).astype(np.uint8) for caption in captions]
    read = open_reader().read(images)
    right = sum(text.strip().upper() == caption.word for text, caption in zip(read, captions, strict=True))
    assert right >= 37


@pytest.mark.parametrize("thing", THINGS)
def test_scenes_are_recognised_with_noise_on_them(thing):
    rng, noise = random.Random(2), np.random.default_rng(0)
    for colour in COLOURS:
        clean = draw_caption(Caption("HELP", colour, thing), rng)
        image = (np.clip(clean + noise.normal(0, 0.04, clean.shape), 0, 1) * 255).astype(np.uint8)
        assert recognise_scene(image, 4) == (colour, thing)


def test_an_unknown_thing_is_refused():
    with pytest.raises(ValueError, match="sign"):
        draw_sign("A", "red", "billboard", np.zeros((2, 3), dtype=np.float32))
