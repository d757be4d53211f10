"""What commands share: JSON on stdout, tables and progress bars on stderr or stdout as fits."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def print_json(data: Any) -> None:
    """Print one JSON document on stdout."""
    typer.echo(json.dumps(data, indent=1))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        words = column in {"name", "model", "run", "verb", "created", "status", "kind", "family"}
        table.add_column(column, no_wrap=True, justify="left" if words else "right")
    for row in rows:
        table.add_row(*row)
    console = Console()
    # Piped output has no width; a table must not lose columns there.
    console.print(table, width=None if console.is_terminal else 200)


def say(message: str) -> None:
    """Print a line on stderr."""
    Console(stderr=True).print(message, markup=False, highlight=False)


def progress_bar() -> Progress:
    """Return a progress bar on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
