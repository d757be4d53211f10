"""Keyboard, screen readers and themes, and commands that anybody may call."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui.browser.panel import SLOW, Panel

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
NASTY: tuple[dict[str, Any], ...] = (
    {},
    {"view": "__proto__"},
    {"view": "constructor", "run": "../../etc"},
    {"view": ["patching"], "kept": []},
    {"view": 7, "key": "<img src=x onerror=alert(1)>", "notebook": 3, "folder": {"a": "../.."}},
    {"view": "patching", "folder": "../..", "notebook": "../secret.ipynb", "run": "'; import os", "key": "../x"},
    {"view": "patching", "folder": "", "kept": {"choice": {"source": 5, "steps": -1}, "cursor": {}, "run": 9}},
    {"view": "runs", "folder": "", "kept": {"line": {}, "selected": "everything", "cursor": "__proto__"}},
    {"view": "explain", "folder": "", "kept": {"choice": [], "job": {"toString": 1}}},
    {"view": "ablate", "folder": "", "kept": {"choice": {"systems": "all"}, "run": ["x"]}},
)


def focused(lab: Panel) -> str:
    script = "() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent"
    return str(lab.page.evaluate(script))


def tab_to(lab: Panel, label: str) -> None:
    for _ in range(60):
        lab.page.keyboard.press("Tab")
        if focused(lab) == label:
            return
    pytest.fail(f"the tabulator never reaches {label}")


def test_from_the_palette_to_a_run_with_the_keyboard_alone(lab: Panel) -> None:
    keyboard = lab.page.keyboard
    keyboard.press("Control+Shift+C")
    expect(lab.page.locator(".lm-CommandPalette-input")).to_be_focused()
    keyboard.type("Attention workbench Patching")
    keyboard.press("Enter")
    expect(lab.grid).to_be_visible(timeout=SLOW)
    for label, value in (("Seeds", "1"), ("Steps", "3")):
        tab_to(lab, label)
        keyboard.press("Control+a")
        keyboard.type(value)
    expect(lab.region.locator(".jp-Workbench-forecast[data-state=ready]")).to_be_visible(timeout=SLOW)
    keyboard.press("Control+Enter")
    expect(lab.row(1)).to_have_attribute("aria-label", re.compile("effect"), timeout=SLOW)
    lab.finish()

    while not lab.page.evaluate("() => document.activeElement.matches('[role=treegrid] [data-row]')"):
        keyboard.press("Tab")
    keyboard.press("End")
    last = lab.grid.locator("[data-row]").last
    expect(last).to_be_focused()
    keyboard.press("ArrowUp")
    expect(last).not_to_be_focused()
    keyboard.press("Enter")
    expect(lab.region.get_by_role("complementary", name="Inspector")).to_be_focused()
    keyboard.press("Escape")
    expect(lab.grid.locator("[data-row]:focus")).to_have_count(1)
    keyboard.press("Shift+Slash")
    expect(lab.region.get_by_role("region", name="Keys")).to_be_visible()


def test_no_panel_has_a_serious_violation_in_any_theme(lab: Panel, finished_run: str) -> None:
    lab.open_run("patching", finished_run)
    for view, shown in (("explain", "button"), ("ablate", "group"), ("runs", "grid")):
        lab.call("attention-workbench:open", {"view": view, "folder": ""})
        expect(lab.region.get_by_role(shown).first).to_be_visible(timeout=SLOW)  # type: ignore[arg-type]
    violations = {}
    for theme in THEMES:
        lab.theme(theme)
        for view in ("patching", "explain", "ablate", "runs"):
            lab.call("attention-workbench:open", {"view": view, "folder": ""})
            violations[theme, view] = lab.serious_violations()
    lab.theme(THEMES[0])
    assert {where: found for where, found in violations.items() if found} == {}


def test_commands_called_with_anything_do_no_harm(lab: Panel, finished_run: str) -> None:
    store = lab.server.folder / "workbench-runs"
    before = {path for path in lab.server.folder.rglob("*") if "ipynb" not in path.name}
    names = lab.page.evaluate(
        "() => window.jupyterapp.commands.listCommands().filter(name => name.startsWith('attention-workbench:'))"
    )
    assert "attention-workbench:run" in names
    for name in names:
        for arguments in NASTY:
            # Whoever calls them is not in the panel: nothing of it has the focus.
            lab.page.evaluate("() => document.activeElement.blur()")
            lab.call(name, arguments)
    expect(lab.region.locator(".jp-Workbench-chip")).to_contain_text("Ready", timeout=SLOW)
    assert lab.page.evaluate("() => ({}).view === undefined && Object.keys(Object.prototype).length === 0")
    lab.call("attention-workbench:open", {"view": "runs", "folder": ""})
    expect(lab.region.locator(f'[data-run="{finished_run}"]')).to_be_visible(timeout=SLOW)
    expect(lab.region.locator("[data-state=running]")).to_have_count(0)
    after = {path for path in lab.server.folder.rglob("*") if "ipynb" not in path.name}
    assert {path for path in after - before if store not in path.parents} == set()
