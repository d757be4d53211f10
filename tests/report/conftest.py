"""Finished runs with known answers: made once, copied for each test that writes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.synthetic import Cells, localization
from workbench.localize.result import Localization

Made = tuple[Localization, Cells]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """16 pairs, 12 sites of which 5 and 6 write the text, heads and four windows of steps; not to be written to."""
    return localization(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three pairs in which patching changes no letter, without heads and windows; not to be written to."""
    return localization(tmp_path_factory.mktemp("still") / "run", pairs=3, heads=False, windows=1, movable=False)


def copied(made: Made, folder: Path) -> Made:
    """Return a copy of a run that lies in another folder."""
    result, cells = made
    shutil.copytree(result.folder, folder)
    return replace(result, folder=str(folder)), {key: dict(cell) for key, cell in cells.items()}
