"""Stories with a notebook: its pipeline as the model, a restart of its kernel, and a view in one of its cells."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.ui.browser.panel import SLOW, Panel
from workbench.models.cards import EMBEDDED

PIPELINE = 'from workbench import open_model\npipe = open_model("glyph-unet").pipeline\nprint("the pipeline is there")'


def choose_from(lab: Panel, source: str) -> None:
    lab.region.locator(".jp-mod-model").click()
    lab.region.get_by_role("dialog").get_by_role("button", name=source, exact=True).click()


def test_a_pipeline_of_a_notebook_and_a_restart_of_its_kernel(lab: Panel, finished_run: str) -> None:
    lab.open_notebook("pipeline.ipynb", PIPELINE)
    lab.run_cells("the pipeline is there")
    # With the notebook in front, the panel opens beside it and uses its kernel.
    lab.call("attention-workbench:open", {"view": "patching"})
    expect(lab.page.locator(".jp-Notebook:visible")).to_be_visible()
    expect(lab.region.locator(".jp-Workbench-chip")).to_contain_text("Ready", timeout=SLOW)
    choose_from(lab, "Notebook")
    lab.region.get_by_role("dialog").get_by_role("button", name=re.compile("^pipe")).click(timeout=SLOW)
    expect(lab.grid).to_be_visible(timeout=SLOW)
    expect(lab.grid.locator("[data-row][aria-level='2']")).to_have_count(12)

    # Its script goes into the notebook, and is not run there.
    lab.region.get_by_role("button", name="More").click()
    lab.region.get_by_role("menuitem", name="Insert below the active cell").click()
    inserted = lab.page.locator(".jp-Notebook:visible .jp-CodeCell").last
    expect(inserted).to_contain_text("localize(", timeout=SLOW)
    expect(inserted.locator(".jp-InputPrompt")).to_have_text("[ ]:")

    # A second panel has its own kernel and does not disturb the first.
    lab.call("attention-workbench:open", {"view": "runs", "folder": ""})
    expect(lab.region.locator(f'[data-run="{finished_run}"]')).to_be_visible(timeout=SLOW)

    # Both kernels work in the same folder, so the run opens here too; the restart leaves it where it is.
    lab.call("attention-workbench:open", {"view": "patching", "notebook": "pipeline.ipynb", "run": finished_run})
    verdict = lab.region.get_by_role("heading", level=2)
    expect(verdict).to_be_visible(timeout=SLOW)
    answer = verdict.inner_text()
    lab.page.get_by_role("tab", name="pipeline.ipynb").click()
    lab.begin("notebook:restart-kernel")
    lab.page.get_by_role("button", name="Confirm Kernel Restart").click()
    restarted = lab.page.locator(".jp-Workbench-chip", has_text="Restarted")
    expect(restarted.first).to_be_attached(timeout=SLOW)
    lab.call("attention-workbench:open", {"view": "patching", "notebook": "pipeline.ipynb", "run": finished_run})
    expect(lab.region.locator(".jp-Workbench-chip")).to_contain_text("Restarted", timeout=SLOW)
    expect(verdict).to_have_text(answer, timeout=SLOW)
    # The variable is gone with the old kernel, and is not offered.
    choose_from(lab, "Notebook")
    expect(lab.region.get_by_role("dialog")).to_contain_text("No variable of this kernel", timeout=SLOW)


def test_a_model_from_a_folder(lab: Panel, finished_run: str) -> None:
    lab.open("Patching")
    choose_from(lab, "Folder")
    lab.region.get_by_role("dialog").get_by_role("textbox").fill(str(EMBEDDED / "no-such-model"))
    lab.region.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(lab.region.get_by_role("alert")).to_contain_text("Expected a folder", timeout=SLOW)
    choose_from(lab, "Folder")
    lab.region.get_by_role("dialog").get_by_role("textbox").fill(str(EMBEDDED / "glyph-unet"))
    lab.region.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(lab.grid.locator("[data-row][aria-level='2']")).to_have_count(12, timeout=SLOW)
    expect(lab.region.get_by_role("alert")).to_have_count(0)


def test_a_cell_shows_the_same_view(lab: Panel, finished_run: str) -> None:
    cell = f'from workbench.ui.widget import panel\npanel("patching", run="{finished_run}")'
    lab.open_notebook("cell.ipynb", cell)
    lab.begin("notebook:run-all-cells")
    expect(lab.region.get_by_role("heading", level=2)).to_be_visible(timeout=SLOW)
    expect(lab.grid.locator("[data-row][aria-level='2']")).to_have_count(12)
    lab.row(3).click()
    image = lab.region.get_by_role("complementary", name="Inspector").locator("img").first
    expect(image).to_have_js_property("naturalWidth", 96, timeout=SLOW)
