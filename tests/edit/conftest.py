"""Fixtures of the edit tests."""

from __future__ import annotations

from functools import cache

import pytest

from tests.edit.materials import OTHER, STEPS, found_set
from tests.patch.tiny_runs import SOURCE, TARGET, model_of
from workbench import EditResult, edit_text
from workbench.sites.find import find_sites

find_sites_once = cache(find_sites)


@pytest.fixture(autouse=True)
def _sites_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dry forward pass that finds a model's sites takes longer than an edit of a tiny model."""
    for place in ("workbench.edit.edit", "workbench.localize.open_found"):
        monkeypatch.setattr(f"{place}.find_sites", find_sites_once)


@pytest.fixture(scope="session")
def edited(tmp_path_factory: pytest.TempPathFactory) -> EditResult:
    """One edit of a tiny U-Net with two targets and two noises; not to be written to."""
    sd = model_of("sd")
    out = tmp_path_factory.mktemp("edited")
    return edit_text(sd, found_set(sd, 1), SOURCE, [TARGET, OTHER], seeds=[3, 8], steps=STEPS, out=out)
