"""How long a user waits: card to panel, to sites, to the first result, and from Cancel to the end of the run.

Run `python -m tests.ui.browser.timings` on a quiet machine; each line is seconds since the click before it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import expect

from tests.ui.browser.lab import chromium, running_lab
from tests.ui.browser.panel import SLOW, Panel


class Watch:
    """Prints what has happened and how long after the last click."""

    def __init__(self) -> None:
        self._clicked = time.monotonic()

    def click(self, what: str) -> None:
        """Begin anew."""
        self._clicked = time.monotonic()
        print(what, flush=True)

    def see(self, what: str) -> None:
        """Print the seconds since the click."""
        print(f"  {time.monotonic() - self._clicked:6.2f} s  {what}", flush=True)


def measure(panel: Panel, watch: Watch) -> None:
    """Open the patching panel, run, cancel."""
    watch.click("launcher card")
    panel.open("Patching")
    watch.see("panel visible")
    expect(panel.region.locator(".jp-Workbench-chip")).to_contain_text("Ready", timeout=SLOW)
    watch.see("kernel ready")
    panel.grid.wait_for(timeout=SLOW)
    watch.see("sites visible")
    expect(panel.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    watch.see("recorded run visible")
    panel.choose("glyph-unet")
    panel.set_number("Steps", 4)
    expect(panel.region.locator(".jp-Workbench-forecast[data-state=ready]")).to_be_visible(timeout=SLOW)
    watch.see("forecast visible")
    watch.click("Run")
    panel.run()
    expect(panel.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    watch.see("first figure")
    watch.click("Cancel")
    panel.region.get_by_role("button", name="Cancel").click()
    panel.region.locator(".jp-Workbench-progress[data-state=cancelled]").wait_for(timeout=SLOW)
    watch.see("cancelled")


def main() -> None:
    """Start a JupyterLab in an empty folder and measure in it."""
    with TemporaryDirectory() as folder, running_lab(Path(folder) / "lab") as server, chromium() as browser:
        panel = Panel(browser.new_page(viewport={"width": 1400, "height": 1000}), server)
        panel.start_page("timings")
        measure(panel, Watch())


if __name__ == "__main__":
    main()
