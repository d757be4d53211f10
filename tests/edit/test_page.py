"""The page of an edit: whole in itself, escaped, and true to the figures."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from workbench import EditResult
from workbench.edit.page import finding, write_page
from workbench.localize.pairs import Pair

LOADS = re.compile(r"""<(?:script|link|iframe|object)|(?:src|srcset)=["'](?!data:)|url\(""")


@pytest.fixture
def copied(edited: EditResult, tmp_path: Path) -> EditResult:
    """A copy of the edit that a test may write to."""
    folder = tmp_path / "run"
    shutil.copytree(edited.folder, folder)
    return replace(edited, folder=str(folder))


def test_the_page_shows_every_image_and_loads_nothing(copied):
    html = write_page(copied).read_text(encoding="utf-8")
    assert html.count("<img ") == len(copied.images)
    assert html.count("data:image/png;base64,") == len(copied.images)
    assert not LOADS.search(html)
    for score in copied.scores:
        assert f"{score.word_accuracy:.2f}" in html
    assert "Prompt-to-Prompt" in html


def test_hostile_texts_are_escaped(copied):
    evil = "<img src=x onerror=alert(1)>"
    settings = copied.settings
    pairs = tuple(Pair(pair.source + evil, pair.target + evil, evil, evil) for pair in settings.pairs)
    config = {**copied.config, "settings": replace(settings, pairs=pairs).to_dict()}
    images = tuple(replace(image, text=evil) for image in copied.images)
    hostile = replace(copied, config=config, images=images, model=evil, notes=(evil,))
    html = write_page(hostile).read_text(encoding="utf-8")
    assert evil not in html
    assert evil in unescape(html)


def test_the_finding_states_what_was_measured(edited):
    found = replace(edited.score("found"), word_accuracy=0.75, outside_text=0.012)
    plain = replace(edited.score("regenerate"), word_accuracy=1.0, outside_text=0.2)
    text = finding(replace(edited, scores=(edited.score("source"), found, plain)))
    assert "3 of 4 images" in text
    assert "0.012" in text
    assert "4 of 4 images, drift 0.200" in text
    assert "inversion" not in text


def test_an_image_outside_the_run_folder_is_not_shown(copied, tmp_path):
    shutil.copy(copied.paths("found")[0], tmp_path / "secret.png")
    images = tuple(replace(image, file="../../secret.png") for image in copied.images)
    with pytest.raises(ValueError, match="a file name inside"):
        write_page(replace(copied, images=images))
