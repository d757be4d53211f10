"""The story of the patching panel, from the launcher to the same run after a reload."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.ui.browser.panel import SLOW, Panel


def test_patching_story(lab: Panel) -> None:
    lab.open("Patching")
    lab.start_tiny_run(pairs=1, sweep="Sites × heads")
    # A row has its figures while the run goes on.
    expect(lab.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    lab.finish()
    expect(lab.region.get_by_role("heading", level=2)).not_to_contain_text("So far")

    lab.row(3).click()
    inspector = lab.region.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_role("heading", name=re.compile("Site 3"))).to_be_visible()
    expect(inspector.locator("img")).to_have_count(2)
    expect(inspector.locator("img").first).to_have_js_property("naturalWidth", 96, timeout=SLOW)

    # A head of the site shows an image of its own, until a row is chosen again.
    heads = inspector.get_by_role("grid", name="Effect of each head of site 3")
    heads.get_by_role("gridcell", name=re.compile("^Head 1: effect")).click()
    lab.page.keyboard.press("ArrowRight")
    expect(inspector.get_by_role("heading", name=re.compile("Site 3, head 2"))).to_be_visible()
    expect(inspector.get_by_role("img", name=re.compile("patched: 3.h2;"))).to_be_visible(timeout=SLOW)
    lab.row(3).click()
    expect(heads.get_by_role("gridcell", name=re.compile("^Whole site"))).to_have_attribute("aria-selected", "true")

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


def test_a_found_set_is_kept_and_not_replaced_unasked(lab: Panel, finished_run: str) -> None:
    lab.open_run("patching", finished_run)
    name = f"kept-{finished_run}"
    for replaces in (False, True):
        lab.region.get_by_role("button", name="Keep as found set").click()
        lab.region.get_by_label("Name of the found set").fill("../outside")
        expect(lab.region.get_by_role("button", name="Keep", exact=True)).to_have_attribute("aria-disabled", "true")
        lab.region.get_by_label("Name of the found set").fill(name)
        lab.region.get_by_role("button", name="Keep", exact=True).click()
        if replaces:
            lab.region.get_by_role("button", name="Replace it").click()
        expect(lab.region.get_by_text(re.compile("^Kept as"))).to_contain_text(f"{name}.json", timeout=SLOW)
    kept = json.loads((lab.server.folder / "workbench-runs" / "found" / f"{name}.json").read_text())
    assert kept["model"] == "glyph-unet"

    # The rule is dragged in the plot, and its field goes with it.
    bound = lab.region.get_by_role("slider", name="Drift that a set may have")
    bound.hover()
    lab.page.mouse.down()
    place = bound.bounding_box()
    assert place is not None
    lab.page.mouse.move(place["x"] - 60, place["y"] + 40, steps=4)
    lab.page.mouse.up()
    dragged = float(lab.region.get_by_label("Drift beyond all sites").input_value())
    assert 0 < dragged < 0.05
    bound.press("ArrowRight")
    expect(lab.region.get_by_label("Drift beyond all sites")).to_have_value(f"{dragged + 0.01:g}")


def test_missing_quotes_are_repaired_by_a_button(lab: Panel) -> None:
    lab.open("Patching")
    # What was recorded is shown with its figures and pictures before anything has run.
    expect(lab.region).to_contain_text("A recorded run.")
    expect(lab.row(5)).to_have_attribute("aria-label", re.compile("effect"))
    expect(lab.row(5).locator("img")).to_have_js_property("naturalWidth", 96)
    lab.region.get_by_label("Target prompt").fill("A red sign that says OPEN")
    run = lab.region.locator(".jp-Workbench-run").get_by_role("button")
    expect(run).to_have_attribute("aria-disabled", "true")
    lab.region.get_by_role("button", name="Quote OPEN").click()
    expect(lab.region.get_by_label("Target prompt")).to_have_value('A red sign that says "OPEN"')
