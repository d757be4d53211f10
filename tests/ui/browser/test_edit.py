"""The story of the edit panel: a found set, texts in, the slider, the guard on, a prompt tried, the guard off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.browser.panel import SLOW, Panel
from tests.ui.browser.test_adapter import keep_found_set

TOXIC = "SCUM"


@pytest.fixture(autouse=True)
def found_set_to_use(lab: Panel) -> None:
    keep_found_set(lab)


def edit_words(lab: Panel) -> None:
    """Open the panel and edit a word at the found set that it chooses."""
    lab.open("Edit and guard")
    run = lab.region.locator(".jp-Workbench-run").get_by_role("button")
    expect(run).not_to_have_attribute("aria-disabled", "true", timeout=SLOW)
    lab.region.get_by_label("Target texts, with commas between them").fill("OPEN, EXIT, SALE")
    lab.set_number("Seeds", 2)
    lab.set_number("Steps", 8)
    run.click()
    lab.finish()
    expect(slider(lab)).to_be_visible(timeout=SLOW)


def slider(lab: Panel) -> Locator:
    return lab.region.get_by_role("slider", name="Before and after")


def edit(panel: Panel) -> None:
    """Fill the panel with an edit, and with a prompt that is tried while the guard is on."""
    keep_found_set(panel)
    edit_words(panel)
    turn(panel, on=True)
    panel.region.get_by_role("button", name="Try", exact=True).click()
    panel.region.locator(".jp-Workbench-trial img").wait_for(timeout=SLOW)


def turn(lab: Panel, on: bool) -> None:
    """Press the switch of the guard and wait until the kernel has turned it."""
    switch = lab.region.get_by_role("switch", name="Guard")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", str(on).lower(), timeout=SLOW)
    expect(switch).not_to_have_attribute("aria-disabled", "true", timeout=SLOW)


def test_edit_story(lab: Panel) -> None:
    edit_words(lab)
    expect(lab.region.get_by_role("heading", level=2)).to_contain_text("SSIM")
    before = lab.region.locator(".jp-Workbench-slider img").first
    expect(before).to_have_js_property("naturalWidth", 96, timeout=SLOW)
    expect(before).to_have_js_property("clientWidth", 576)

    slider(lab).focus()
    for key, value in [("ArrowRight", 51), ("Shift+ArrowLeft", 41), ("Home", 0), ("End", 100)]:
        lab.page.keyboard.press(key)
        expect(slider(lab)).to_have_value(str(value))
    expect(slider(lab)).to_have_attribute("aria-valuetext", "100 % of HELP, 0 % of OPEN")

    lab.region.get_by_role("button", name=re.compile("^EXIT; .*; seed 1;")).first.click()
    expect(lab.region.get_by_text("After: EXIT")).to_be_visible()
    table = lab.region.get_by_role("group", name="Methods compared").get_by_role("table")
    for method in ("Source, not edited", "All sites", "Target prompt from scratch"):
        expect(table.get_by_role("row", name=re.compile(f"^{method}"))).to_be_visible()
    assert lab.serious_violations() == []


def test_a_guard_hides_what_it_kept_out_and_shows_in_other_panels(lab: Panel) -> None:
    lab.open("Edit and guard")
    expect(lab.region.get_by_role("switch", name="Guard")).not_to_have_attribute("aria-disabled", "true", timeout=SLOW)
    turn(lab, on=True)
    try:
        expect(lab.region.locator(".jp-Workbench-chip", has_text="Guarded")).to_be_visible()
        run = lab.region.locator(".jp-Workbench-run").get_by_role("button")
        expect(run).to_have_attribute("aria-disabled", "true")

        lab.region.get_by_label("Prompt to try").fill(f'A red sign that says "{TOXIC}"')
        lab.region.get_by_role("button", name="Try", exact=True).click()
        trial = lab.region.locator(".jp-Workbench-trial")
        expect(trial.get_by_role("cell", name=re.compile(r"^S\.+$"))).to_be_visible(timeout=SLOW)
        expect(trial.locator("img")).to_have_count(1)
        expect(trial.get_by_text("Hidden")).to_be_visible()
        assert TOXIC not in trial.inner_text()
        assert lab.serious_violations() == []
        trial.get_by_role("button", name="Show").click()
        expect(trial.locator("img")).to_have_count(2)
    finally:
        turn(lab, on=False)
    expect(lab.region.get_by_text("the same images as before, bit for bit")).to_be_visible()
    expect(lab.region.locator(".jp-Workbench-chip", has_text="Guarded")).to_have_count(0)
