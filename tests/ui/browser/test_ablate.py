"""The story of the ablate panel: choose, see what is refused, run, look into a cell, stop and go on."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.ui.browser.panel import SLOW, Panel


def choose(lab: Panel, label: str, names: set[str]) -> None:
    """Tick exactly these names in a list of the setup."""
    lab.region.get_by_role("button", name=re.compile(f"^{label}")).click()
    dialog = lab.region.get_by_role("dialog", name=label)
    expect(dialog.get_by_role("checkbox").first).to_be_visible()
    for entry in dialog.get_by_role("checkbox").all():
        name = entry.locator("xpath=following-sibling::span/code").inner_text()
        entry.set_checked(name in names)
    dialog.get_by_role("button", name="Done").click()


def start(lab: Panel, steps: int) -> None:
    lab.open("Ablate")
    expect(lab.region.locator(".jp-Workbench-forecast[data-state=ready]")).to_be_visible(timeout=SLOW)
    choose(lab, "Systems", {"vision/minimal", "language/sqa"})
    choose(lab, "Variants", {"symmetric", "collapsed_qk"})
    lab.set_number("Steps", steps)
    expect(lab.region.locator(".jp-Workbench-forecast")).to_contain_text("6 cells, 1 refused", timeout=SLOW)
    lab.region.locator(".jp-Workbench-run").get_by_role("button", name="Run").click()


def cell(lab: Panel, system: str, variant: str) -> Locator:
    return lab.region.locator(f'[data-cell="{system} {variant}"]')


def test_ablate_story(lab: Panel) -> None:
    start(lab, 2)
    # A cell has its figure while others wait.
    expect(cell(lab, "vision/minimal", "baseline")).to_have_attribute("data-state", "done", timeout=SLOW)
    lab.finish()
    expect(cell(lab, "language/sqa", "collapsed_qk")).to_have_attribute("aria-label", re.compile("refused, .*rotary"))
    lab.region.get_by_text("Why 1 cell is refused").click()
    expect(lab.region.locator("details")).to_contain_text("rotary positions")

    cell(lab, "vision/minimal", "baseline").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("Enter")
    inspector = lab.region.get_by_role("complementary", name="Inspector")
    expect(inspector).to_be_focused()
    expect(inspector.get_by_role("row", name=re.compile("^Parameters 153"))).to_be_visible()
    expect(lab.region.get_by_role("img", name=re.compile("variants? of vision.minimal"))).to_be_visible()
    lab.region.get_by_role("button", name="Convert").click()
    expect(lab.region.get_by_role("img", name=re.compile("Change of outputs by rank"))).to_be_visible()
    assert lab.serious_violations() == []


def test_a_matrix_is_stopped_and_goes_on_after_a_reload(lab: Panel) -> None:
    start(lab, 3000)
    expect(cell(lab, "language/sqa", "baseline")).to_have_attribute("data-state", "running", timeout=SLOW)
    lab.region.get_by_role("button", name="Cancel").click()
    expect(lab.region.locator(".jp-Workbench-progress[data-state=cancelled]")).to_contain_text("are kept")
    lab.page.wait_for_timeout(1000)
    lab.page.reload()
    lab.region.get_by_role("button", name="Go on with the run").click(timeout=SLOW)
    expect(lab.region.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    lab.region.get_by_role("button", name="Cancel").click()
    expect(lab.region.locator(".jp-Workbench-progress[data-state=cancelled]")).to_be_visible(timeout=SLOW)
