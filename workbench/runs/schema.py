"""The tables of the run store, one script a version; a store of an older version is brought up when it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from workbench.errors import InputError

VERSIONS: Final = (
    """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, verb TEXT NOT NULL, model TEXT NOT NULL, created TEXT NOT NULL, status TEXT NOT NULL,
    config TEXT NOT NULL, versions TEXT NOT NULL, forecast TEXT NOT NULL, result TEXT
);
CREATE TABLE cells (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, key TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run, key)
);
CREATE TABLE batches (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, key TEXT NOT NULL, denoiser_rows INTEGER NOT NULL,
    seconds REAL NOT NULL, PRIMARY KEY (run, key)
)
""",
    "ALTER TABLE runs ADD COLUMN failure TEXT",
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a store to the newest version in one transaction, or make the tables of a new one.

    Raises:
        InputError: a store of a newer version, which is left as it is.
    """
    connection.execute("BEGIN IMMEDIATE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for script in VERSIONS[found:]:
        for statement in script.split(";"):
            connection.execute(statement)
    if found < len(VERSIONS):
        connection.execute(f"PRAGMA user_version = {len(VERSIONS)}")
    connection.execute("COMMIT")
    if found > len(VERSIONS):
        raise InputError(
            f"a run store of version {len(VERSIONS)} or older",
            f"version {found} in {path}",
            "update attention-workbench or give another --out DIR",
        )
