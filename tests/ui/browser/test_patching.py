"""The story of the patching panel, from the launcher to the same run after a reload."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.ui.browser.panel import SLOW, Panel


def start_tiny_run(lab: Panel) -> None:
    lab.open("Patching")
    lab.choose("glyph-unet")
    lab.region.get_by_label("Pairs").select_option("made")
    lab.set_number("How many", 2)
    lab.set_number("Seeds", 1)
    lab.set_number("Steps", 4)
    lab.run()


def test_patching_story(lab: Panel) -> None:
    start_tiny_run(lab)
    # A row has its figures while the run goes on.
    expect(lab.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    lab.finish()
    expect(lab.region.get_by_role("heading", level=2)).not_to_contain_text("So far")

    lab.row(3).click()
    inspector = lab.region.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_role("heading", name=re.compile("Site 3"))).to_be_visible()
    expect(inspector.locator("img")).to_have_count(2)
    assert inspector.locator("img").first.evaluate("image => image.naturalWidth") == 96

    # Two rows brushed with the keyboard are patched together.
    lab.page.keyboard.press("Shift+ArrowDown")
    expect(lab.row("selected")).to_contain_text("patched together", timeout=SLOW)
    assert lab.serious_violations() == []

    verdict = lab.region.get_by_role("heading", level=2).inner_text()
    with lab.page.expect_response(lambda response: "/api/workspaces/" in response.url):
        lab.row(4).click()
    lab.page.reload(timeout=SLOW)
    expect(lab.row("selected")).to_contain_text("3, 4", timeout=SLOW)
    expect(lab.row(4)).to_have_attribute("aria-label", re.compile("effect"))
    expect(lab.region.get_by_role("heading", level=2)).to_have_text(verdict)


def test_cancel_keeps_what_is_there(lab: Panel) -> None:
    start_tiny_run(lab)
    expect(lab.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    lab.region.get_by_role("button", name="Cancel").click()
    expect(lab.region.locator(".jp-Workbench-progress[data-state=cancelled]")).to_contain_text(
        "The model is unchanged."
    )
    lab.region.get_by_role("button", name="Go on with the run").click()
    lab.finish()


def test_missing_quotes_are_repaired_by_a_button(lab: Panel) -> None:
    lab.open("Patching")
    lab.region.get_by_label("Target prompt").fill("A red sign that says OPEN")
    run = lab.region.locator(".jp-Workbench-run").get_by_role("button")
    expect(run).to_have_attribute("aria-disabled", "true")
    lab.region.get_by_role("button", name="Quote OPEN").click()
    expect(lab.region.get_by_label("Target prompt")).to_have_value('A red sign that says "OPEN"')
