"""Image grids: which arms and pairs, true labels, sizes and texts."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.report.conftest import Made, copied
from workbench.errors import InputError
from workbench.report.grid import arms_shown, data_uri, drawable, every_site_rows, images_figure, main_rows, shown_size
from workbench.runs.images import read_image, write_image


def test_columns_are_sets_then_the_strongest_sites(made: Made) -> None:
    result = made[0]
    labels = list(arms_shown(result).values())
    assert labels[:5] == ["source", "target", "all sites", "found set: 5, 6", "all but found"]
    assert labels[5].startswith("random: ")
    assert labels[6:] == [f"site {site.index}" for site in result.ranking.sites[:6]]


def test_an_arm_is_shown_once(made: Made) -> None:
    result = made[0]
    score = result.ranking.sites[0].score
    single = replace(result, found=replace(result.found, indices=score.sites, score=score))
    labels = list(arms_shown(single).values())
    assert "found set: 6" in labels and "site 6" not in labels


def test_without_a_found_set_no_column_claims_one(still: Made) -> None:
    labels = list(arms_shown(still[0]).values())
    assert labels[:3] == ["source", "target", "all sites"]
    assert all(label.startswith("site ") for label in labels[3:])


def test_rows_are_six_pairs_with_their_texts_and_images(made: Made) -> None:
    result, cells = made
    rows = main_rows(result, cells)
    assert [(row.number, row.seed) for row in rows] == [(pair, 0) for pair in range(6)]
    for row in rows:
        for arm, tile in zip(arms_shown(result), row.tiles, strict=True):
            cell = cells[f"{row.number}/0/{arm}"]
            assert tile.text == cell["text"] and (tile.reads == "target") == bool(cell["exact"])
            assert tile.image is not None
            np.testing.assert_array_equal(tile.image, read_image(Path(result.folder) / "images" / cell["image"]))
            prompt = row.pair.target if arm == "target" else row.pair.source
            assert tile.alt.startswith(prompt) and tile.alt.endswith(f"seed 0; reads {tile.text}")


def test_few_pairs_are_shown_with_more_seeds(still: Made) -> None:
    result, cells = still
    settings = {**result.config["settings"], "seeds": [0, 7]}
    rows = main_rows(replace(result, config={**result.config, "settings": settings}), cells)
    assert [(row.number, row.seed) for row in rows] == [(0, 0), (0, 7), (1, 0), (1, 7), (2, 0), (2, 7)]


def test_every_site_of_three_pairs_in_order(made: Made) -> None:
    rows = every_site_rows(*made)
    assert len(rows) == 3
    assert all([tile.label for tile in row.tiles] == [f"site {i}" for i in range(12)] for row in rows)


def test_images_outside_the_folder_are_refused(still: Made, tmp_path: Path) -> None:
    result, cells = copied(still, tmp_path / "run")
    cells["0/0/source"]["image"] = "../../secret.png"
    with pytest.raises(InputError):
        main_rows(result, cells)


def test_small_images_stay_exact_and_are_shown_twice_as_large() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 96, 3), dtype=np.uint8)
    uri = data_uri(image, 256)
    with Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))) as decoded:
        np.testing.assert_array_equal(np.asarray(decoded), image)
    assert shown_size(image, 256) == (192, 64)


def test_large_images_are_scaled_down(still: Made, tmp_path: Path) -> None:
    result, cells = copied(still, tmp_path / "run")
    image = np.random.default_rng(0).integers(0, 256, (512, 1024, 3), dtype=np.uint8)
    write_image(Path(result.folder) / "images" / cells["0/0/source"]["image"], image)
    shown = main_rows(result, cells)[0].tiles[0].image
    assert shown is not None and shown.shape == (128, 256, 3)
    assert shown_size(shown, 256) == (256, 128)
    assert data_uri(shown, 256).startswith("data:image/webp;base64,")


def test_figure_holds_every_picture_and_text(made: Made) -> None:
    rows = main_rows(*made)
    (axes,) = images_figure(rows).axes
    assert len(axes.images) == 6 * 12
    texts = [text.get_text() for text in axes.texts]
    assert "found set\n5, 6" in texts
    assert f"✓ {rows[0].pair.target_text}" in texts and f"= {rows[0].pair.source_text}" in texts


def test_texts_are_drawable() -> None:
    assert drawable("a二\nb", 10) == "a□ b"
    assert drawable("abcdef", 4) == "abc…"
