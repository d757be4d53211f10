"""The table of runs: list, resume, delete and compare, whatever made the runs."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from threading import Event

import pytest

from workbench.errors import InputError
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
    assert (oldest["replayable"], newest["replayable"]) == (True, False)


def test_a_run_whose_process_is_gone_is_interrupted(browser, store):
    run = store.create("localize", "a", {}, {})
    assert browser.ask("runs.list")["runs"][0]["status"] == "interrupted"
    with store.working_on(run):
        assert browser.ask("runs.list")["runs"][0]["status"] == "running"
        assert "running" in browser.ask("runs.resume", run=run.id)["message"]


def test_a_run_that_its_job_does_not_hold_yet_is_running(browser, workspace, store):
    run, ready, listed = store.create("localize", "a", {}, {}), Event(), Event()

    def work(job):
        job.belongs_to(run.id)
        ready.set()
        listed.wait(60)

    job = workspace.jobs.start("patching", work)
    assert ready.wait(240)
    assert browser.ask("runs.list")["runs"][0]["status"] == "running"
    listed.set()
    browser.end_of(job)
    assert browser.ask("runs.list")["runs"][0]["status"] == "interrupted"


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


def test_a_failed_run_says_why_and_how_far_it_had_come(browser, store):
    run = store.create("localize", "a", {}, {"images": 46})
    store.write_batch(run, "b", [("0/0/source", {"x": 1})], denoiser_rows=1, seconds=1.0)
    with pytest.raises(InputError), store.working_on(run):
        raise InputError("finite pixels", "<b>NaN</b>", "run in float32")
    why = browser.ask("runs.why", run=run.id)
    assert "test_runs.py" in why["failure"].pop("details")
    message = "Expected finite pixels; got <b>NaN</b>."
    assert why == {
        "failure": {"type": "input", "message": message, "hint": "Run in float32."},
        "cells": 1,
        "expected": 46,
    }
    assert browser.ask("runs.list")["runs"][0]["answer"] == message


def test_a_failed_run_of_an_older_version_has_no_reason(browser, store):
    run = store.create("ablate", "a", {}, {"cells": 4})
    store.set_status(run, "failed")
    assert browser.ask("runs.why", run=run.id) == {"failure": None, "cells": 0, "expected": 4}
    assert browser.ask("runs.list")["runs"][0]["answer"] == ""


def test_two_finished_runs_are_replayed_one_after_the_other(finished):
    browser, store = finished.browser, finished.workspace.store()
    # What was patched by hand after the run is not made again.
    assert browser.end_of(browser.ask("patching.combine", run=finished.run, sites=[0, 2])["job"])["status"] == "done"
    job = browser.ask("runs.replay", runs=[finished.run, finished.run])["job"]
    end = browser.end_of(job)
    assert (end["status"], end["view"], end["error"]) == ("done", "runs.replay", None)
    second, first, original = browser.ask("runs.list")["runs"]
    assert (second["run"], original["run"], original["replay"]) == (end["run"], finished.run, None)
    for entry in (first, second):
        assert (entry["replay"]["run"], entry["replay"]["max_difference"]) == (finished.run, 0)
        assert entry["replay"]["identical"] == entry["replay"]["images"] == entry["cells"] > 10
        assert entry["answer"] == original["answer"]
    assert original["cells"] == first["cells"] + 2
    keys = [line["key"] for line in browser.ask("runs.compare", runs=[first["run"], finished.run])["keys"]]
    assert not [key for key in keys if key.startswith("result.replay")]
    assert {state["run"] for state in browser.events("job", job)} == {None, first["run"], second["run"]}
    assert store.get(finished.run).status == "done"


def test_a_replay_is_cancelled_and_leaves_the_run_as_it_was(finished, monkeypatch):
    from workbench.localize.job import Job

    browser, sweep = finished.browser, Job._sweep

    def cancel_in_passing(self, stage, arms):
        for state in finished.workspace.jobs.states():
            finished.workspace.jobs.cancel(state["job"])
        sweep(self, stage, arms)

    monkeypatch.setattr(Job, "_sweep", cancel_in_passing)
    before = finished.workspace.store().cells(finished.workspace.store().get(finished.run))
    job = browser.ask("runs.replay", runs=[finished.run])["job"]
    assert browser.end_of(job)["status"] == "cancelled"
    entries = {entry["run"]: entry for entry in browser.ask("runs.list")["runs"]}
    assert entries[browser.end_of(job)["run"]]["status"] == "interrupted"
    assert finished.workspace.store().cells(finished.workspace.store().get(finished.run)) == before


def test_only_finished_runs_of_a_verb_with_a_replay_are_replayed(browser, store):
    edit, half = store.create("edit", "a", {}, {}), store.create("localize", "a", {}, {})
    store.set_status(edit, "done", {"found": ["x"]})
    assert "replayed" in browser.ask("runs.replay", runs=[edit.id])["message"]
    assert "finished" in browser.ask("runs.replay", runs=[half.id])["message"]
    assert "one kind" in browser.ask("runs.replay", runs=[edit.id, half.id])["message"]
    assert [entry["replayable"] for entry in browser.ask("runs.list")["runs"]] == [False, False]
