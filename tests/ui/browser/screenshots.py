"""Pictures of every panel with real results in it, light, dark and narrow.

Run `python -m tests.ui.browser.screenshots --out FOLDER`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import expect

from tests.ui.browser.lab import chromium, running_lab
from tests.ui.browser.panel import SLOW, Panel
from tests.ui.browser.test_ablate import choose
from tests.ui.browser.test_edit import edit

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
    panel.row("selected").get_by_text("patched together").wait_for(timeout=SLOW)


def explain(panel: Panel) -> None:
    """Explain two texts, take a word away and compare the methods."""
    panel.open("Explain")
    expect(panel.region.get_by_label("Classifier")).to_have_value("hate-t5-mini", timeout=SLOW)
    panel.region.get_by_label("Text, one a line").fill("You are such a stupid loser, stay home\nI love this song")
    panel.region.get_by_role("button", name="Explain", exact=True).click()
    panel.region.locator("[role=option]").first.wait_for(timeout=SLOW)
    panel.finish()
    panel.region.locator("[role=option]").nth(5).click()
    panel.page.keyboard.press("Delete")
    panel.region.get_by_role("button", name="Compare methods").click()
    panel.region.get_by_role("row", name=re.compile(r"^Random \(control\)")).wait_for(timeout=SLOW)
    panel.finish()


def ablate(panel: Panel) -> None:
    """Train a small matrix and look at the ranks of one system."""
    panel.open("Ablate")
    panel.region.locator(".jp-Workbench-forecast[data-state=ready]").wait_for(timeout=SLOW)
    choose(panel, "Systems", {"vision/minimal", "language/sqa"})
    panel.set_number("Steps", 20)
    panel.set_number("Seeds", 1)
    expect(panel.region.locator(".jp-Workbench-forecast")).to_contain_text("trainings", timeout=SLOW)
    panel.region.locator(".jp-Workbench-run").get_by_role("button").click()
    panel.finish()
    panel.region.locator('[data-cell="vision/minimal symmetric"]').click()
    panel.region.get_by_role("button", name="Convert").click()


def runs(panel: Panel) -> None:
    """Compare the two newest localisations that are there, after a second one on another model."""
    panel.open("Patching")
    panel.start_tiny_run(model="glyph-mmdit")
    panel.finish()
    panel.call("attention-workbench:open", {"view": "runs", "folder": ""})
    rows = panel.region.get_by_role("row", name=re.compile("^Patching"))
    rows.first.wait_for(timeout=SLOW)
    for row in rows.all()[:2]:
        row.focus()
        panel.page.keyboard.press("Space")
    panel.region.get_by_role("img", name=re.compile("largest effect")).wait_for(timeout=SLOW)


PANELS: dict[str, Callable[[Panel], None]] = {
    "patching": patching,
    "edit": edit,
    "explain": explain,
    "ablate": ablate,
    "runs": runs,
}


def main() -> None:
    """Write `NAME-THEME.png` and `NAME-narrow.png` for each panel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--only", choices=PANELS, nargs="+", default=list(PANELS), help="all unless given")
    given = parser.parse_args()
    out = given.out
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, running_lab(Path(folder) / "lab") as server, chromium() as browser:
        for name in given.only:
            panel = Panel(browser.new_page(viewport={"width": 1440, "height": 1500}), server)
            panel.start_page(f"pictures-{name}")
            PANELS[name](panel)
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
