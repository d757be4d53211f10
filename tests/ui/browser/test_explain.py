"""The story of the explain panel: text in, strip out, masked by default, a word taken away, methods compared."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.ui.browser.panel import SLOW, Panel

TEXT = "You are a stupid loser, just stay at home"


def explain(lab: Panel) -> None:
    lab.open("Explain")
    expect(lab.region.get_by_label("Classifier")).to_have_value("hate-t5-mini", timeout=SLOW)
    lab.region.get_by_label("Text, one a line").fill(TEXT)
    lab.region.get_by_role("button", name="Explain", exact=True).click()
    # Words of the recorded explanation are there before.
    lab.finish()
    expect(lab.region.locator("[role=option]")).to_have_count(len(TEXT.split()), timeout=SLOW)


def test_explain_story(lab: Panel) -> None:
    explain(lab)
    words = lab.region.locator("[role=option]")
    expect(words.nth(0)).to_have_attribute("aria-label", re.compile(r"^You, .\d\.\d\d, (towards|away from) \w+"))
    expect(lab.region.get_by_role("heading", level=2)).to_contain_text(re.compile("speaks? most for"))

    # Masked in the kernel, until the words of this view are asked for.
    expect(words.nth(3)).to_contain_text("s.....")
    lab.region.get_by_role("button", name="Show toxic words").click()
    expect(words.nth(3)).to_contain_text("stupid")

    words.nth(4).click()
    lab.page.keyboard.press("Delete")
    inspector = lab.region.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text(re.compile(r"Margin without 1 word.\d\.\d\d \("))
    lab.page.keyboard.press("Control+z")
    expect(inspector).not_to_contain_text("Margin without")
    expect(lab.region.get_by_role("img", name=re.compile("The gap is"))).to_be_visible()

    lab.region.get_by_role("button", name="Compare methods").click()
    control = lab.region.get_by_role("row", name=re.compile(r"^Random \(control\)"))
    expect(control).to_be_visible(timeout=SLOW)
    expect(lab.region.get_by_role("row")).to_have_count(8)
    assert lab.serious_violations() == []


def test_an_explanation_comes_back_masked_after_a_reload(lab: Panel) -> None:
    explain(lab)
    lab.region.get_by_role("button", name="Show toxic words").click()
    lab.page.wait_for_timeout(1000)
    lab.page.reload()
    expect(lab.region.locator("[role=option]").nth(3)).to_contain_text("s.....", timeout=SLOW)
    button = lab.region.get_by_role("button", name="Show toxic words")
    expect(button).to_have_attribute("aria-pressed", "false")
