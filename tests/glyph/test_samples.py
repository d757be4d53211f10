"""Signs to try adapters with: readable as training data, the same for the same seed, never over what is there."""

from __future__ import annotations

import pytest
from PIL import Image

from workbench.adapt.data import open_data
from workbench.errors import InputError
from workbench.glyph.samples import write_samples
from workbench.localize.pairs import quoted_text


def test_half_of_the_signs_say_digits(tmp_path):
    folder = write_samples(tmp_path / "signs", 6)
    texts = [quoted_text(caption) for caption in open_data(folder, 0).captions]
    assert [text.isdigit() for text in texts] == [True, False] * 3
    assert [Image.open(file).size for file in sorted(folder.glob("*.png"))] == [(96, 32)] * 6


def test_the_seed_decides(tmp_path):
    one, same, other = (write_samples(tmp_path / str(place), 4, seed=seed) for place, seed in enumerate((0, 0, 1)))
    assert open_data(one, 0).identity == open_data(same, 0).identity != open_data(other, 0).identity


def test_a_folder_that_is_there_stays(tmp_path):
    with pytest.raises(InputError, match="not there yet"):
        write_samples(tmp_path, 4)
    with pytest.raises(InputError, match="at least one"):
        write_samples(tmp_path / "none", 0)
    assert list(tmp_path.iterdir()) == []
