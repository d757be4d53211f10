"""Runs in an embedded SQLite store: one cell, one transaction; images and tables lie beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from typing import Any, Final

from filelock import FileLock, Timeout

from workbench.errors import InputError
from workbench.runs.failure import describe_error
from workbench.runs.schema import migrate

PACKAGES: Final = ("attention-workbench", "torch", "diffusers", "transformers", "peft", "rapidocr", "numpy")


@dataclass(frozen=True)
class Run:
    """One long job: what it does, with which settings, and how far it is.

    Args:
        id: name of the run and of its folder.
        verb: the public verb that runs it, such as `localize`.
        model: name of the model.
        created: UTC time, ISO 8601.
        status: `running`, `interrupted`, `failed` or `done`.
        config: everything needed to run it again.
        versions: versions of the packages it was started with.
        forecast: what it was expected to cost.
        folder: where its images and tables lie.
        cells: number of cells done.
    """

    id: str
    verb: str
    model: str
    created: str
    status: str
    config: dict[str, Any]
    versions: dict[str, str]
    forecast: dict[str, Any]
    folder: Path
    cells: int


class RunStore:
    """The runs of one output folder, safe to use from several processes.

    Args:
        root: the folder; it is created if missing.

    Raises:
        InputError: the folder can't be written, or its store is from a newer version.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).resolve()
        self.path = self.root / "runs.sqlite"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._connect() as connection:
                migrate(connection, self.path)
        except (OSError, sqlite3.OperationalError) as error:
            raise InputError("a writable output folder", f"{self.root} ({error})", "give another --out DIR") from error
        except sqlite3.DatabaseError as error:
            raise InputError("a run store", f"{self.path}: {error}", "give another --out DIR") from error

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def create(self, verb: str, model: str, config: dict[str, Any], forecast: dict[str, Any]) -> Run:
        """Add a run and its folder."""
        created = datetime.now(UTC)
        name = f"{created:%Y%m%d-%H%M%S}-{token_hex(2)}"
        (self.root / name / "images").mkdir(parents=True)
        row = (name, verb, model, created.isoformat(timespec="seconds"), "running")
        texts = [json.dumps(value) for value in (config, package_versions(), forecast)]
        insert = (
            "INSERT INTO runs (id, verb, model, created, status, config, versions, forecast) VALUES (?,?,?,?,?,?,?,?)"
        )
        with self._transaction() as connection:
            connection.execute(insert, (*row, *texts))
        return self.get(name)

    def get(self, run: str) -> Run:
        """Return a run by id or by an unambiguous beginning of it; `last` is the newest."""
        runs = self.list()
        found = runs[-1:] if run == "last" else [item for item in runs if item.id.startswith(run)]
        exact = [item for item in found if item.id == run]
        if len(exact or found) != 1:
            known = ", ".join(item.id for item in runs[-3:]) or "none yet"
            raise InputError("one run id (or `last`)", f"{run!r} in {self.path}", f"the newest runs are: {known}")
        return (exact or found)[0]

    def list(self) -> list[Run]:
        """Return all runs, oldest first."""
        query = (
            "SELECT id, verb, model, created, status, config, versions, forecast,"
            " (SELECT count(*) FROM cells WHERE run = id) FROM runs ORDER BY rowid"
        )
        with self._connect() as connection:
            rows = connection.execute(query).fetchall()
        return [self._run(*row) for row in rows]

    def _run(self, *row: Any) -> Run:
        name, verb, model, created, status, config, versions, expected, cells = row
        return Run(
            id=name,
            verb=verb,
            model=model,
            created=created,
            status=status,
            config=json.loads(config),
            versions=json.loads(versions),
            forecast=json.loads(expected),
            folder=self.root / name,
            cells=cells,
        )

    def set_status(
        self, run: Run, status: str, result: dict[str, Any] | None = None, *, failure: dict[str, Any] | None = None
    ) -> None:
        """Note how a run ended, with its result or with why it failed."""
        texts = [None if value is None else json.dumps(value) for value in (result, failure)]
        update = "UPDATE runs SET status = ?, result = coalesce(?, result), failure = coalesce(?, failure) WHERE id = ?"
        with self._transaction() as connection:
            connection.execute(update, (status, *texts, run.id))

    def result(self, run: Run) -> dict[str, Any] | None:
        """Return the result stored with a finished run."""
        with self._connect() as connection:
            (text,) = connection.execute("SELECT result FROM runs WHERE id = ?", (run.id,)).fetchone()
        return None if text is None else json.loads(text)

    def failure(self, run: Run) -> dict[str, Any] | None:
        """Return why a run failed: `type`, `message`, `hint`, `details`, and as `cells` how many were done by then.

        None for a run that has not failed, or that failed before stores kept the reason.
        """
        query = "SELECT failure FROM runs WHERE id = ? AND status = 'failed'"
        with self._connect() as connection:
            (text,) = connection.execute(query, (run.id,)).fetchone() or (None,)
        return None if text is None else json.loads(text)

    def write_batch(
        self, run: Run, key: str, cells: Sequence[tuple[str, dict[str, Any]]], *, denoiser_rows: int, seconds: float
    ) -> None:
        """Write a batch's cells and its cost in one transaction; a cell that is there already stays as it is."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO cells VALUES (?,?,?)", [(run.id, name, json.dumps(data)) for name, data in cells]
            )
            connection.execute("INSERT OR REPLACE INTO batches VALUES (?,?,?,?)", (run.id, key, denoiser_rows, seconds))

    def cells(self, run: Run) -> dict[str, dict[str, Any]]:
        """Return the data of all cells done, by key."""
        with self._connect() as connection:
            rows = connection.execute("SELECT key, data FROM cells WHERE run = ? ORDER BY rowid", (run.id,))
            return {key: json.loads(data) for key, data in rows}

    def batches(self, run: Run) -> set[str]:
        """Return the keys of the batches done."""
        with self._connect() as connection:
            return {key for (key,) in connection.execute("SELECT key FROM batches WHERE run = ?", (run.id,))}

    def cost(self, run: Run) -> dict[str, float]:
        """Return the denoiser rows and seconds spent on the batches done."""
        query = "SELECT coalesce(sum(denoiser_rows), 0), coalesce(sum(seconds), 0) FROM batches WHERE run = ?"
        with self._connect() as connection:
            rows, seconds = connection.execute(query, (run.id,)).fetchone()
        return {"denoiser_rows": int(rows), "seconds": round(seconds, 2)}

    @contextmanager
    def working_on(self, run: Run) -> Iterator[None]:
        """Hold a run for this process and note how it ended, and why; the lock falls with the process that holds it."""
        with self._holding(run):
            try:
                self.set_status(run, "running")
                yield
            except KeyboardInterrupt:
                self.set_status(run, "interrupted")
                raise
            except BaseException as error:
                self.set_status(run, "failed", failure={**describe_error(error), "cells": self.get(run.id).cells})
                raise

    @contextmanager
    def _holding(self, run: Run, patience: float = 1.0) -> Iterator[None]:
        # Whoever only looks whether a run is held, holds it for a moment; that is worth waiting for.
        lock = FileLock(run.folder / "run.lock")
        try:
            lock.acquire(timeout=patience)
        except Timeout as error:
            raise InputError(
                "a run that nobody works on", f"{run.id}, held by another process", "wait for it or stop it first"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def status_now(self, run: Run) -> str:
        """Return the status of a run; one that says `running` while nobody works on it was interrupted."""
        if run.status != "running":
            return run.status
        try:
            with self._holding(run, patience=0):
                return "interrupted"
        except InputError:
            return "running"

    def delete(self, run: Run) -> None:
        """Delete a run for good: its cells, its images, its folder.

        Raises:
            InputError: a process works on it.
        """
        with self._holding(run), self._transaction() as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
            # A folder under another name is nobody's run, should the process end before all of it is gone.
            gone = run.folder.rename(run.folder.with_name(f".{run.id}.deleted"))
        rmtree(gone)


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that decide a result."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
