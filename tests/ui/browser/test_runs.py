"""Stories of the panel of runs: one that was cancelled goes on from there; two are compared, one is deleted; why one
failed, and whether a finished one makes the same images again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.ui.browser.panel import SLOW, Panel
from workbench.errors import InputError
from workbench.runs.store import RunStore


def runs_of(lab: Panel) -> Locator:
    return lab.region.get_by_role("grid", name="Runs").locator("[data-run]")


def cancel_a_second_run(lab: Panel) -> None:
    lab.open("Patching")
    lab.start_tiny_run(seeds=2)
    expect(lab.row(0)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    lab.region.get_by_role("button", name="Cancel").click()
    stopped = lab.region.locator(".jp-Workbench-progress[data-state=cancelled]")
    expect(stopped).to_contain_text("The model is unchanged.", timeout=SLOW)
    expect(lab.region.get_by_role("button", name="Go on with the run")).to_be_visible()


def test_runs_story(lab: Panel, finished_run: str) -> None:
    cancel_a_second_run(lab)
    lab.call("attention-workbench:open", {"view": "runs", "folder": ""})
    newest = runs_of(lab).first
    expect(newest).to_have_attribute("data-state", "interrupted", timeout=SLOW)
    stopped = str(newest.get_attribute("data-run"))
    row = lab.region.locator(f'[data-run="{stopped}"]')
    row.get_by_role("button", name="Resume").click()
    expect(lab.region.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    expect(row).to_have_attribute("data-state", "done", timeout=SLOW)

    # Both profiles on one axis, and what differs.
    row.focus()
    lab.page.keyboard.press("Space")
    lab.region.locator(f'[data-run="{finished_run}"]').focus()
    lab.page.keyboard.press("Space")
    expect(lab.region.get_by_role("img", name=re.compile("glyph-unet: largest effect.*; .*glyph-unet"))).to_be_visible(
        timeout=SLOW
    )
    differs = lab.region.locator(".jp-Workbench-differences .jp-mod-differs th")
    expect(differs.filter(has_text=re.compile("config.*seeds"))).not_to_have_count(0)
    expect(differs.filter(has_text="fingerprint")).to_have_count(0)
    assert lab.serious_violations() == []

    lab.region.get_by_label("Find").fill("state:failed")
    expect(runs_of(lab)).to_have_count(0)
    lab.region.get_by_label("Find").fill(stopped)
    expect(runs_of(lab)).to_have_count(1)

    # Enter opens the run in its own panel.
    row.focus()
    lab.page.keyboard.press("Enter")
    lab.look_at("Patching")
    expect(lab.region.get_by_role("heading", level=2)).not_to_contain_text("So far", timeout=SLOW)
    expect(lab.region.locator(".jp-Workbench-progress[data-state=done]")).to_contain_text(stopped)

    lab.call("attention-workbench:open", {"view": "runs", "folder": ""})
    row.focus()
    lab.page.keyboard.press("Delete")
    question = lab.region.get_by_role("alertdialog")
    expect(question).to_contain_text(re.compile(rf"Delete run {stopped}\? \d+ images, \d+ MB"))
    expect(question.get_by_role("button", name="Keep it")).to_be_focused()
    assert (lab.server.folder / "workbench-runs" / stopped).is_dir()
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(runs_of(lab)).to_have_count(0)
    assert not (lab.server.folder / "workbench-runs" / stopped).exists()
    assert (lab.server.folder / "workbench-runs" / finished_run).is_dir()


def fail_a_run(lab: Panel) -> str:
    """Leave a run in the store that failed on the command line."""
    store = RunStore(lab.server.folder / "workbench-runs")
    run = store.create("localize", "glyph-unet", {}, {"images": 46})
    with pytest.raises(InputError), store.working_on(run):
        raise InputError("finite pixels", "<b>NaN</b> in 3 of 32 images", "run it in float32")
    return run.id


def test_why_and_replay_story(lab: Panel, finished_run: str) -> None:
    failed = fail_a_run(lab)
    lab.call("attention-workbench:open", {"view": "runs", "folder": ""})
    row = lab.region.locator(f'[data-run="{failed}"]')
    expect(row).to_contain_text("Expected finite pixels; got <b>NaN</b> in 3 of 32 images.", timeout=SLOW)
    row.get_by_role("button", name="Why").click()
    inspector = lab.region.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("Run it in float32.")
    expect(inspector).to_contain_text("It failed before anything was done.")
    expect(inspector.get_by_role("button", name="Copy details")).to_be_visible()
    assert lab.serious_violations() == []

    lab.region.locator(f'[data-run="{finished_run}"]').focus()
    expect(inspector.get_by_role("button", name="Copy details")).to_have_count(0)
    inspector.get_by_role("button", name=re.compile("^Replay, about")).click()
    expect(lab.region.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    ended = lab.region.locator(".jp-Workbench-progress[data-state=done]")
    expect(ended).to_contain_text(f"Run {finished_run} replayed: same images.", timeout=SLOW)
    expect(inspector).to_contain_text("Replayedsame images")
    expect(runs_of(lab).first).to_contain_text(f"replay of {finished_run[-4:]}: same images")
