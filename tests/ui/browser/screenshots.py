"""Pictures of every panel with real results in it, light, dark and narrow.

Run `python -m tests.ui.browser.screenshots --out FOLDER`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.ui.browser.lab import chromium, running_lab
from tests.ui.browser.panel import Panel

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark", "contrast": "JupyterLab Dark High Contrast"}
NARROW = 640


def patching(panel: Panel) -> None:
    """Fill the patching panel with a small run and look at one row."""
    panel.open("Patching")
    panel.choose("glyph-unet")
    panel.region.get_by_label("Pairs").select_option("made")
    panel.set_number("How many", 2)
    panel.set_number("Seeds", 2)
    panel.set_number("Steps", 4)
    panel.region.get_by_role("button", name="Sites × steps").click()
    panel.run()
    panel.finish()
    panel.row(8).click()
    panel.page.keyboard.press("Shift+ArrowDown")
    panel.row("selected").get_by_text("patched together").wait_for(timeout=120_000)


PANELS: dict[str, Callable[[Panel], None]] = {"patching": patching}


def main() -> None:
    """Write `NAME-THEME.png` and `NAME-narrow.png` for each panel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, running_lab(Path(folder) / "lab") as server, chromium() as browser:
        for name, fill in PANELS.items():
            panel = Panel(browser.new_page(viewport={"width": 1440, "height": 1500}), server)
            panel.start_page(f"pictures-{name}")
            fill(panel)
            for theme, title in THEMES.items():
                panel.theme(title)
                panel.page.wait_for_timeout(1000)
                panel.page.screenshot(path=out / f"{name}-{theme}.png")
            panel.page.set_viewport_size({"width": NARROW + 60, "height": 1500})
            panel.page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            panel.page.wait_for_timeout(1000)
            panel.page.screenshot(path=out / f"{name}-narrow.png")
            panel.page.close()


if __name__ == "__main__":
    main()
