"""The run store: whole cells or none, several processes, newer versions, locks."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.runs.images import inside, pixel_hash, read_image, write_image
from workbench.runs.schema import VERSIONS
from workbench.runs.store import RunStore

WRITER = """
import sys
from workbench.runs.store import RunStore
store = RunStore(sys.argv[1])
run = store.get(sys.argv[2])
for batch in range(40):
    cells = [(f"{batch}/{cell}", {"writer": sys.argv[3]}) for cell in range(5)]
    store.write_batch(run, str(batch), cells, denoiser_rows=5, seconds=0.1)
"""


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "out")


def new_run(store: RunStore):
    return store.create("localize", "model", {"a": 1}, {"images": 3})


def test_a_run_is_stored_with_its_configuration_and_found_by_a_beginning(store):
    run = new_run(store)
    assert store.get(run.id[:-1]).config == {"a": 1}
    assert store.get("last").id == run.id
    assert (run.folder / "images").is_dir()
    assert run.versions["torch"]


def test_an_unknown_run_names_the_newest_ones(store):
    run = new_run(store)
    with pytest.raises(InputError, match=run.id):
        store.get("nothing-like-it")


def test_cells_are_written_once_and_cost_adds_up(store):
    run = new_run(store)
    store.write_batch(run, "a", [("0", {"x": 1}), ("1", {"x": 2})], denoiser_rows=4, seconds=1.0)
    store.write_batch(run, "b", [("1", {"x": 99}), ("2", {"x": 3})], denoiser_rows=6, seconds=0.5)
    assert {key: cell["x"] for key, cell in store.cells(run).items()} == {"0": 1, "1": 2, "2": 3}
    assert store.cost(run) == {"denoiser_rows": 10, "seconds": 1.5}
    assert store.batches(run) == {"a", "b"}


def test_a_batch_that_fails_leaves_no_cell_behind(store):
    run = new_run(store)
    with pytest.raises(TypeError):
        store.write_batch(run, "a", [("0", {"x": 1}), ("1", {"x": object()})], denoiser_rows=1, seconds=0.0)
    assert store.cells(run) == {}
    with pytest.raises(sqlite3.Error):
        store.write_batch(run, "a", [("0", {"x": 1})], denoiser_rows=[], seconds=0.0)
    assert store.cells(run) == {}


def test_a_store_of_a_newer_version_is_refused_and_left_alone(store):
    new_run(store)
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="version 99"):
        RunStore(store.root)
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "runs.sqlite").write_text("this is not a database, not even nearly" * 100)
    with pytest.raises(InputError, match="run store"):
        RunStore(tmp_path)


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="writable output folder"):
        RunStore(tmp_path / "file")


def test_two_processes_write_one_run_without_harm(store):
    run = new_run(store)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(store.root), run.id, name], cwd=Path(__file__).parents[2])
        for name in ("first", "second")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert len(store.cells(run)) == 200
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_run_is_worked_on_by_one_process_at_a_time(store):
    run = new_run(store)
    other = RunStore(store.root)
    with store.working_on(run), pytest.raises(InputError, match="another process"), other.working_on(run):
        pass
    with store.working_on(run):
        assert store.get(run.id).status == "running"


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (RuntimeError, "failed")])
def test_how_a_run_ended_is_noted_and_its_lock_released(store, error, status):
    run = new_run(store)
    with pytest.raises(error), store.working_on(run):
        raise error
    assert store.get(run.id).status == status
    with store.working_on(run):
        pass


def test_why_a_run_failed_is_kept_until_it_goes_on(store):
    run = new_run(store)
    store.write_batch(run, "a", [("0", {"x": 1})], denoiser_rows=1, seconds=0.0)
    with pytest.raises(InputError), store.working_on(run):
        raise InputError("finite pixels", "NaN", "run in float32")
    failure = store.failure(run)
    assert failure.pop("details").rstrip().endswith("expected finite pixels; got NaN; run in float32")
    message = "Expected finite pixels; got NaN."
    assert failure == {"type": "input", "message": message, "hint": "Run in float32.", "cells": 1}
    with store.working_on(run):
        assert store.failure(run) is None
        store.set_status(run, "done")
    assert store.failure(run) is None


def test_a_failure_is_short_whatever_was_raised(store):
    run = new_run(store)

    def sink(depth: int) -> None:
        if depth == 0:
            raise MemoryError("x" * 100_000)
        sink(depth - 1)

    with pytest.raises(MemoryError), store.working_on(run):
        sink(500)
    failure = store.failure(run)
    assert (failure["type"], failure["cells"]) == ("memory", 0)
    assert len(json.dumps(failure)) < 30_000


def test_a_store_of_an_older_version_is_read_and_keeps_reasons_from_then_on(tmp_path):
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.executescript(f"{VERSIONS[0]}; PRAGMA user_version = 1")
        values = ("20251126-143728-101e", "localize", "m", "2025-11-26T14:37:28+00:00", "failed", "{}", "{}", "{}")
        connection.execute("INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,NULL)", values)
    (tmp_path / values[0]).mkdir()
    store = RunStore(tmp_path)
    old = store.get("last")
    assert (old.status, store.result(old), store.failure(old)) == ("failed", None, None)
    for run in (old, new_run(store)):
        with pytest.raises(RuntimeError), store.working_on(run):
            raise RuntimeError("again")
        assert RunStore(tmp_path).failure(run)["message"] == "RuntimeError: again"


def test_images_are_written_whole_and_stay_inside_the_folder(tmp_path, random_image):
    path = inside(tmp_path, "a.png")
    write_image(path, random_image)
    assert (read_image(path) == random_image).all()
    assert [item.name for item in tmp_path.iterdir()] == ["a.png"]
    for name in ("../b.png", "/etc/passwd", "x/../../b.png"):
        with pytest.raises(InputError, match="inside"):
            inside(tmp_path, name)


def test_the_pixel_hash_sees_one_changed_pixel_and_the_shape(random_image):
    changed = random_image.copy()
    changed[0, 0, 0] ^= 1
    assert pixel_hash(changed) != pixel_hash(random_image) == pixel_hash(random_image.copy())
    assert pixel_hash(random_image.reshape(-1, 1, 3)) != pixel_hash(random_image)


def test_runs_of_one_second_keep_their_order(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    made = [store.create("localize", f"model {number}", {}, {}).id for number in range(8)]
    assert [run.id for run in store.list()] == made
    assert store.get("last").id == made[-1]


def test_a_deleted_run_is_gone_with_its_cells_and_files(store):
    run, kept = new_run(store), new_run(store)
    for some in (run, kept):
        store.write_batch(some, "a", [("0", {"x": 1})], denoiser_rows=4, seconds=1.0)
    with store.working_on(run), pytest.raises(InputError, match="another process"):
        RunStore(store.root).delete(run)
    assert store.cells(run)
    store.delete(run)
    assert [left.id for left in store.list()] == [kept.id]
    assert store.cells(run) == {}
    assert store.cost(run)["denoiser_rows"] == 0
    assert [path.name for path in store.root.iterdir() if path.is_dir()] == [kept.id]


def test_a_run_that_nobody_works_on_is_not_running(store):
    run = new_run(store)
    assert run.status == "running"
    assert store.status_now(run) == "interrupted"
    with store.working_on(run):
        assert RunStore(store.root).status_now(run) == "running"
    store.set_status(run, "done")
    assert store.status_now(store.get(run.id)) == "done"
