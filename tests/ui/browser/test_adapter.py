"""The story of the adapter panel: found set, plan, training with live loss, comparison, export with its proof."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.adapt.materials import found_set
from tests.ui.browser.panel import SLOW, Panel
from workbench.models.open import open_model

SITES = (8, 9)
KEPT = "by-hand"


@pytest.fixture(autouse=True)
def kept_set(lab: Panel) -> None:
    keep_found_set(lab)


def keep_found_set(lab: Panel) -> None:
    """Keep a found set in the store of the panel's kernel, as the patching panel does."""
    folder = lab.server.folder / "workbench-runs" / "found"
    if not folder.exists():
        folder.mkdir(parents=True)
        found_set(open_model("glyph-unet"), *SITES).save(folder / f"{KEPT}.json")


def plan(lab: Panel, steps: int) -> None:
    """Open the panel, choose the kept set, and wait for what training it would take."""
    lab.open("Adapter")
    expect(lab.region.get_by_label("Found set")).to_contain_text(KEPT, timeout=SLOW)
    lab.region.get_by_label("Found set").select_option(KEPT)
    lab.set_number("Steps", steps)
    lab.set_number("Samples every", 5)
    lab.set_number("Batch", 2)
    expect(lab.region.locator(".jp-Workbench-forecast[data-state=ready]")).to_contain_text(
        f"{steps} steps", timeout=SLOW
    )


def train(lab: Panel) -> None:
    lab.region.locator(".jp-Workbench-run").get_by_role("button").click()
    # The loss is there while it trains.
    expect(lab.region.get_by_role("img", name=re.compile(r"^Loss of \d+ of"))).to_be_visible(timeout=SLOW)


def inspector(lab: Panel) -> Locator:
    return lab.region.get_by_role("complementary", name="Inspector")


def adapter(lab: Panel) -> None:
    """Fill the panel with a short training and its export."""
    keep_found_set(lab)
    plan(lab, 60)
    lab.set_number("Samples every", 20)
    train(lab)
    lab.finish()
    inspector(lab).get_by_role("button", name="Export", exact=True).click()
    expect(inspector(lab).locator(".jp-Workbench-proof[data-state=done]")).to_contain_text("bound", timeout=SLOW)


def test_adapter_story(lab: Panel) -> None:
    plan(lab, 10)
    expect(inspector(lab)).to_contain_text("8 of 8 matched")
    train(lab)
    lab.finish()
    expect(lab.region.get_by_role("heading", level=2)).to_contain_text(re.compile("F1 .*Unrelated prompts moved by"))
    expect(lab.region.locator(".jp-Workbench-pictures img")).to_have_count(2 * 3 + 2 * 8, timeout=SLOW)

    # Another noise is looked at closely.
    lab.region.get_by_role("button", name="noise 3").click()
    expect(inspector(lab).locator("figure img")).to_have_count(2)

    name = inspector(lab).get_by_label("File name")
    name.fill("../x")
    expect(inspector(lab)).to_contain_text("This leaves the export folder.")
    inspector(lab).get_by_role("button", name="Repair the name").click()
    expect(name).to_have_value("x")
    inspector(lab).get_by_role("button", name="Export", exact=True).click()
    proof = inspector(lab).get_by_role("list", name="Proof")
    expect(proof).to_contain_text(re.compile(r"largest difference (0|\d.\de-\d+), bound 1e-5"), timeout=SLOW)
    expect(proof.locator("[data-state=done]")).to_have_count(5)
    exports = lab.server.folder / "workbench-runs" / "adapters"
    assert [path.name for path in exports.iterdir()] == ["x.safetensors"]

    # What is there is replaced only when asked.
    expect(inspector(lab).get_by_role("button", name="Replace")).to_be_visible()
    inspector(lab).get_by_role("button", name="Keep both").click()
    expect(name).to_have_value("x-2")

    inspector(lab).get_by_label("File, or folder that peft wrote").fill(str(exports / "x.safetensors"))
    inspector(lab).get_by_role("button", name="Show its header").click()
    header = lab.region.get_by_role("region", name="Another adapter file")
    expect(header).to_contain_text("glyph-unet", timeout=SLOW)
    assert lab.serious_violations() == []


def test_a_training_is_stopped_and_goes_on_after_a_reload(lab: Panel) -> None:
    plan(lab, 900)
    train(lab)
    lab.region.get_by_role("button", name="Cancel").click()
    stopped = lab.region.locator(".jp-Workbench-progress[data-state=cancelled]")
    expect(stopped).to_contain_text("steps are kept. The model is unchanged.")
    lab.page.wait_for_timeout(1000)
    lab.page.reload()
    expect(lab.region.get_by_role("img", name=re.compile(r"^Loss of \d+ of 900"))).to_be_visible(timeout=SLOW)
    lab.region.get_by_role("button", name="Go on with the training").click(timeout=SLOW)
    expect(lab.region.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    lab.region.get_by_role("button", name="Cancel").click()
    expect(stopped).to_be_visible(timeout=SLOW)


def test_a_found_set_of_another_model_blocks_training(lab: Panel) -> None:
    plan(lab, 15)
    lab.region.get_by_label("Model").select_option(label="glyph-mmdit")
    reason = "0 of 2 sites of this found set are in glyph-mmdit."
    expect(lab.region.locator(".jp-Workbench-setup")).to_contain_text(reason, timeout=SLOW)
    button = lab.region.locator(".jp-Workbench-run").get_by_role("button")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(inspector(lab).get_by_text("not in this model")).to_have_count(2)
