"""What a user does with a panel, by role and by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.ui.browser.lab import Server

AXE = Path(__file__).parents[3] / "extension" / "node_modules" / "axe-core" / "axe.min.js"
# JupyterLab asks for a layout before there is one, and for language servers where there are none.
MISSING_IN_JUPYTERLAB = ("/api/workspaces/", "/lsp/status")
# JupyterLab's debugger says so whenever a kernel is restarted.
DEBUGGER = "Could not restore the debugger state"
# The first request imports torch, on a machine that has other things to do.
SLOW = 180_000


class Panel:
    """A panel of the attention workbench in a page, with what the page complained about.

    Args:
        page: a page of the browser.
        server: the JupyterLab that it shows.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.complaints: list[str] = []
        self._name = ""
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, entry: ConsoleMessage) -> None:
        missing = any(part in entry.location["url"] for part in MISSING_IN_JUPYTERLAB)
        if entry.type == "error" and not missing and DEBUGGER not in entry.text:
            self.complaints.append(f"{entry.text} {entry.location['url']}")

    @property
    def region(self) -> Locator:
        """The panel that is to be seen, or the last that was opened of several."""
        return self.page.locator(f".jp-Workbench-panel{self._name}:visible")

    @property
    def grid(self) -> Locator:
        """Its table of sites."""
        return self.region.get_by_role("treegrid")

    def start_page(self, workspace: str) -> None:
        """Load JupyterLab with a layout of its own."""
        url = self.server.url.replace("/lab?", f"/lab/workspaces/{workspace}?")
        self.page.goto(url, timeout=SLOW)
        expect(self.page.locator(".jp-LauncherCard").first).to_be_visible(timeout=SLOW)

    def call(self, command: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute a command of JupyterLab, as any element of the page could; what it throws is thrown here."""
        view = (arguments or {}).get("view")
        if isinstance(view, str):
            self.look_at(view.capitalize())
        script = "([command, args]) => window.jupyterapp.commands.execute(command, args).then(() => null)"
        self.page.evaluate(script, [command, arguments or {}])

    def begin(self, command: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute a command of JupyterLab without waiting for its end, which may never be told."""
        script = "([command, args]) => void window.jupyterapp.commands.execute(command, args)"
        self.page.evaluate(script, [command, arguments or {}])

    def look_at(self, title: str) -> None:
        """Mean the panel whose title begins so from now on, where there are several."""
        self._name = f'[aria-label^="{title}"]'

    def open_run(self, view: str, run: str) -> None:
        """Open a run in the panel of its kind and wait for its verdict."""
        self.call("attention-workbench:open", {"view": view, "folder": "", "run": run})
        expect(self.region.get_by_role("heading", level=2)).to_be_visible(timeout=SLOW)

    def open_notebook(self, name: str, *cells: str) -> None:
        """Write a notebook with these cells of code, open it and wait for its kernel."""
        (self.server.folder / name).write_text(json.dumps(notebook_of(cells)))
        self.begin("docmanager:open", {"path": name})
        # The notebook's own indicator calls a kernel idle that is not there yet.
        expect(self.page.get_by_text("| Idle").first).to_be_visible(timeout=SLOW)

    def run_cells(self, result: str) -> None:
        """Run all cells of the notebook and wait until a text is to be seen among their outputs."""
        self.begin("notebook:run-all-cells")
        expect(self.page.locator(".jp-OutputArea-output").filter(has_text=result).last).to_be_visible(timeout=SLOW)

    def open(self, view: str) -> None:
        """Open a view from its launcher card."""
        cards = self.page.locator(".jp-Launcher-section", has_text="Attention workbench")
        cards.locator(".jp-LauncherCard", has_text=view).click()
        self.look_at(view)
        expect(self.region).to_be_visible()

    def choose(self, model: str) -> None:
        """Choose an embedded model and wait for its sites."""
        self.region.locator(".jp-mod-model").click()
        entry = self.region.get_by_role("dialog").get_by_role("button", name=model)
        entry.click(timeout=SLOW)
        self.grid.and_(self.page.get_by_role("treegrid", name=model)).wait_for(timeout=SLOW)

    def start_tiny_run(
        self, *, pairs: int = 2, seeds: int = 1, sweep: str = "Sites", model: str = "glyph-unet"
    ) -> None:
        """Start a localisation of a few images in the patching panel."""
        self.choose(model)
        self.region.get_by_label("Pairs").select_option("made")
        self.set_number("How many", pairs)
        self.set_number("Seeds", seeds)
        self.set_number("Steps", 4)
        self.region.get_by_role("button", name=sweep, exact=True).click()
        self.run()

    @property
    def run_id(self) -> str:
        """The id of the run that has just finished."""
        said = self.region.locator(".jp-Workbench-progress[data-state=done]").inner_text()
        return said.split()[-1].rstrip(".")

    def row(self, site: int | str) -> Locator:
        """The row of a site, or a pinned one."""
        return self.grid.locator(f'[data-row="{site}"]')

    def set_number(self, label: str, value: int) -> None:
        """Type into a number field of the setup."""
        self.region.get_by_label(label, exact=True).fill(str(value))

    def run(self) -> None:
        """Press Run once the forecast is there."""
        expect(self.region.locator(".jp-Workbench-forecast[data-state=ready]")).to_be_visible(timeout=SLOW)
        self.region.locator(".jp-Workbench-run").get_by_role("button").click()
        expect(self.region.locator(".jp-Workbench-progress")).to_be_visible(timeout=SLOW)

    def finish(self) -> None:
        """Wait for the end of the run."""
        expect(self.region.locator(".jp-Workbench-progress[data-state=done]")).to_be_visible(timeout=SLOW)

    def serious_violations(self) -> list[str]:
        """Return what axe finds serious or worse in the panel."""
        self.page.add_script_tag(path=str(AXE))
        script = "async () => (await axe.run('.jp-Workbench', {resultTypes: ['violations']})).violations"
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in self.page.evaluate(script)
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def theme(self, name: str) -> None:
        """Switch the theme of JupyterLab, such as to "JupyterLab Dark"."""
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()


def notebook_of(cells: Sequence[str]) -> dict[str, Any]:
    """Return a notebook of code cells as plain data."""
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    empty = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    code = [{**empty, "id": f"cell-{place}", "source": cell} for place, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": python}, "cells": code}
