"""What commands share: JSON on stdout, tables and progress bars on stderr or stdout as fits."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

WORDS: Final = frozenset({"name", "model", "run", "verb", "created", "status", "kind", "family"})
PIPED_WIDTH: Final = 160
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def print_json(data: Any) -> None:
    """Print one JSON document on stdout."""
    typer.echo(json.dumps(data, indent=1))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout, its cells as they are; names are folded where the terminal is narrow, numbers never."""
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for column in columns:
        words = column in WORDS
        table.add_column(column, no_wrap=not words, overflow="fold", justify="left" if words else "right")
    for row in rows:
        table.add_row(*map(escape, row))
    # Piped output has no width; nothing may be lost there.
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def say(message: str) -> None:
    """Print a line on stderr."""
    Console(stderr=True).print(message, markup=False, highlight=False)


class _Progress(Progress):
    """A progress bar that becomes a line for each tenth of a task where stderr is no terminal."""

    def update(self, task_id: TaskID, **fields: Any) -> None:
        super().update(task_id, **fields)
        task = self._tasks[task_id]
        if self.console.is_terminal or not task.total:
            return
        tenth = int(10 * task.completed / task.total)
        if tenth != task.fields.get("tenth"):
            task.fields["tenth"] = tenth
            self.console.print(f"{task.description}: {task.completed:.0f} of {task.total:.0f}", markup=False)


def progress_bar() -> Progress:
    """Return a progress bar on stderr; its lines end up in a log where there is no terminal."""
    return _Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
