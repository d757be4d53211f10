"""A workspace with a tiny pipeline among its variables, and one finished localisation in its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.tiny import TINY
from tests.ui.wire import Browser
from workbench.models.model import Defaults, Model
from workbench.models.open import wrap_pipeline
from workbench.ui.workspace import Workspace

TINY_MODEL = {"source": "variable", "name": "tiny"}
SETUP = {"model": TINY_MODEL, "pairs": 2, "seeds": 1, "steps": 2, "step_windows": 2}


@dataclass
class Finished:
    """A localisation that a panel has run to the end."""

    workspace: Workspace
    browser: Browser
    job: str
    run: str
    last_event: dict[str, Any]


@pytest.fixture(scope="session")
def tiny_model() -> Model:
    return replace(wrap_pipeline(TINY["sd"](), "tiny"), defaults=Defaults(32, 32, 2, 3.0))


@pytest.fixture
def workspace(tiny_model, tmp_path) -> Workspace:
    return Workspace(tmp_path / "store", {"tiny": tiny_model})


@pytest.fixture
def browser(workspace) -> Iterator[Browser]:
    browser = Browser(workspace)
    yield browser
    browser.session.close()


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory) -> Finished:
    workspace = Workspace(tmp_path_factory.mktemp("store"), {"tiny": tiny_model})
    browser = Browser(workspace)
    job = browser.ask("patching.start", **SETUP)["job"]
    event = browser.end_of(job)
    assert event["status"] == "done", event
    return Finished(workspace, browser, job, event["run"], event)
