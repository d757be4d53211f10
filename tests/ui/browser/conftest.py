"""One JupyterLab for all stories, and a page with a layout of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.browser.lab import CHROMIUM, Server, chromium, running_lab

if TYPE_CHECKING:
    from tests.ui.browser.panel import Panel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        skip = pytest.mark.skip(reason="there is no Chromium here; install the package chromium")
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def lab(server: Server, browser: Any, request: pytest.FixtureRequest) -> Iterator[Panel]:
    from tests.ui.browser.panel import Panel

    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    panel = Panel(context.new_page(), server)
    panel.start_page(request.node.name.replace("_", "-"))
    yield panel
    context.close()
    assert not panel.complaints


@pytest.fixture(scope="session")
def finished_run(server: Server, browser: Any) -> str:
    """The id of a small localisation in the store of the own kernel, which is running from then on."""
    from tests.ui.browser.panel import Panel

    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    panel = Panel(context.new_page(), server)
    panel.start_page("finished-run")
    panel.open("Patching")
    panel.start_tiny_run()
    panel.finish()
    run = panel.run_id
    context.close()
    return run
