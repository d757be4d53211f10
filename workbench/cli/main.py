"""The command `workbench`: one subcommand per verb; errors become one message and an exit code."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Final

import typer

from workbench.cli import (
    ablate,
    adapt,
    attribute,
    classify,
    edit,
    guard,
    kernels,
    lab,
    localize,
    models,
    runs,
    sites,
    train_glyph,
    zoo,
)
from workbench.errors import InputError

INTERRUPTED: Final = 130
app = typer.Typer(
    name="workbench",
    help="Find the layers of an image model that write the text, change only those, prove it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("models")(models.models)
app.command("sites")(sites.sites)
app.command("localize")(localize.localize)
app.command("edit")(edit.edit)
app.command("guard")(guard.guard)
app.command("ablate")(ablate.ablate)
app.command("lab")(lab.lab)
app.command("train-glyph")(train_glyph.train_glyph)
app.add_typer(adapt.app, name="adapt")
app.add_typer(classify.app, name="classify")
app.add_typer(attribute.app, name="attribute")
app.add_typer(zoo.app, name="zoo")
app.add_typer(kernels.app, name="kernels")
app.add_typer(runs.app, name="runs")


def main() -> None:
    """Run the command line; exit code 0 is success, 1 a job that failed, 2 bad input."""
    _quiet()
    try:
        app(standalone_mode=True)
    except InputError as error:
        _fail(str(error), 2)
    except SystemExit as end:
        # Typer turns Ctrl-C into this code without a word.
        if end.code == INTERRUPTED:
            _fail(
                "interrupted; what was done is kept: `workbench runs resume last` (with the same --out) goes on with "
                "a run, the same command with a training",
                1,
            )
        raise
    except Exception as error:
        if os.environ.get("WORKBENCH_TRACEBACK"):
            raise
        _fail(f"{type(error).__name__}: {error} (set WORKBENCH_TRACEBACK=1 to see where)", 1)


def _fail(message: str, code: int) -> None:
    from rich.console import Console
    from rich.markup import escape

    Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {escape(message)}", highlight=False)
    raise SystemExit(code)


def _quiet() -> None:
    """Keep libraries' chatter off the terminal; errors still come through as exceptions."""
    warnings.filterwarnings("ignore")
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


if __name__ == "__main__":
    main()
