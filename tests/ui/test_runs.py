"""The table of runs: list, resume, delete and compare, whatever made the runs."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest

from workbench.runs.store import RunStore


@pytest.fixture
def store(workspace) -> RunStore:
    return workspace.store()


def test_every_verb_is_listed_newest_first_with_the_panel_that_opens_it(browser, store):
    first = store.create("localize", "a", {}, {})
    store.set_status(first, "done", {"found": [3, 5]})
    second = store.create("unknown", "b", {}, {})
    store.set_status(second, "failed")
    newest, oldest = browser.ask("runs.list")["runs"]
    assert (oldest["run"], oldest["view"], oldest["answer"]) == (first.id, "patching", "found set 3, 5")
    assert (newest["run"], newest["view"], newest["answer"], newest["status"]) == (second.id, None, "", "failed")
    assert (oldest["resumable"], newest["resumable"]) == (True, False)


def test_a_run_whose_process_is_gone_is_interrupted(browser, store):
    run = store.create("localize", "a", {}, {})
    assert browser.ask("runs.list")["runs"][0]["status"] == "interrupted"
    with store.working_on(run):
        assert browser.ask("runs.list")["runs"][0]["status"] == "running"
        assert "running" in browser.ask("runs.resume", run=run.id)["message"]


def test_deleting_asks_and_removes_cells_and_files(browser, store):
    run, other = (store.create("localize", "a", {}, {}) for _ in range(2))
    for some in (run, other):
        store.write_batch(some, "b", [("0/0/source", {"x": 1})], denoiser_rows=1, seconds=1.0)
    for unsure in ({}, {"confirmed": False}, {"confirmed": "yes"}, {"confirmed": 1}):
        assert browser.ask("runs.delete", run=run.id, **unsure)["type"] == "protocol"
    assert store.get(run.id) == browser.session.workspace.run(run.id)[1]
    assert browser.ask("runs.delete", run=run.id, confirmed=True) == {"deleted": run.id}
    assert [left.id for left in store.list()] == [other.id]
    assert sorted(path.name for path in store.root.iterdir() if path.is_dir()) == [other.id]
    assert store.cells(run) == {}
    assert len(store.cells(other)) == 1
    assert browser.ask("runs.delete", run=run.id, confirmed=True)["type"] == "input"


def test_what_a_deletion_would_remove_is_measured(browser, store):
    run = store.create("localize", "a", {}, {})
    (run.folder / "images" / "one.png").write_bytes(bytes(1000))
    (run.folder / "table.json").write_bytes(bytes(24))
    assert browser.ask("runs.size", run=run.id) == {"images": 1, "bytes": 1024}


def test_a_store_of_a_newer_version_is_left_alone_and_said(browser, store):
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 7")
    error = browser.ask("runs.list")
    assert error["type"] == "input"
    assert "version 7" in error["message"]


HOLD = """
import sys
from workbench.runs.store import RunStore
store = RunStore(sys.argv[1])
with store.working_on(store.get(sys.argv[2])):
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_a_run_that_another_process_works_on_is_not_deleted(browser, store):
    run = store.create("localize", "a", {}, {})
    command = [sys.executable, "-c", HOLD, str(store.root), run.id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "holding\n"
        error = browser.ask("runs.delete", run=run.id, confirmed=True)
        holder.communicate("")
    assert error["type"] == "input"
    assert "another process" in error["message"]
    assert run.folder.is_dir()


def test_two_runs_are_compared_key_by_key(browser, store):
    left = store.create("localize", "a", {"settings": {"seeds": [0], "pairs": []}}, {})
    right = store.create("localize", "a", {"settings": {"seeds": [0, 1], "pairs": [], "heads": True}}, {})
    store.set_status(right, "done", {"found": [5]})
    keys = {line.pop("key"): line for line in browser.ask("runs.compare", runs=[left.id, right.id])["keys"]}
    assert keys["config.settings.seeds"] == {"left": "[0]", "right": "[0, 1]", "equal": False}
    assert keys["config.settings.heads"] == {"left": "–", "right": "true", "equal": False}
    assert keys["config.settings.pairs"]["equal"]
    assert keys["versions.torch"]["equal"]
    assert keys["result.found"] == {"left": "–", "right": "[5]", "equal": False}


def test_runs_that_no_panel_resumes_say_so(browser, store):
    run = store.create("unknown", "a", {}, {})
    assert "unknown" in browser.ask("runs.resume", run=run.id)["message"]
    assert json.dumps(browser.ask("patching.result", run=run.id)).count("unknown")
