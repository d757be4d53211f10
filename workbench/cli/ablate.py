"""`workbench ablate`: variants of attention over systems of the zoo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from workbench.ablate.result import AblationMatrix


def ablate(
    systems: Annotated[str, typer.Option(help="Names or patterns, joined by commas.")] = "*",
    variants: Annotated[
        str,
        typer.Option(
            help="Joined by commas, `+` joins changes: symmetric,no_vo+no_mlp; or a named list: standard, reproduction."
        ),
    ] = "standard",
    task: Annotated[str | None, typer.Option(help="What all systems learn; each its own unless given.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training.")] = 300,
    finetune: Annotated[int, typer.Option(min=0, help="Steps of training after each conversion.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the run store; nothing is written elsewhere.")] = Path(
        "workbench-runs"
    ),
    as_json: JsonFlag = False,
) -> None:
    """Train systems in variants of attention from scratch, and convert the trained baselines to them.

    What is impossible is reported with its reason. A run that was stopped goes on when the same command is given again.

    Example: workbench ablate --systems "vision/*" --variants baseline,symmetric,no_mlp --seeds 3
    """
    from workbench.ablate.ablate import ablate as run
    from workbench.ablate.page import write_page
    from workbench.runs.store import RunStore

    with progress_bar() as bar:
        bar_task = bar.add_task("cells", total=None)
        matrix = run(
            tuple(systems.split(",")),
            tuple(variants.split(",")),
            task,
            seeds,
            steps=steps,
            finetune=finetune,
            out=out,
            on_cell=lambda name, done, total: bar.update(bar_task, description=name, completed=done, total=total),
        )
    stored = RunStore(out).get(matrix.run)
    report = write_page(matrix, stored.folder, stored.versions)
    if as_json:
        print_json({"run": matrix.run, "rows": [_row(row) for row in matrix.rows], "report": str(report)})
        return
    _show(matrix)
    print(f"page: {report}")


def _row(row: Any) -> dict[str, Any]:
    return {**asdict(row), "parameters": row.parameters.get("total"), "parts": dict(row.parameters)}


def _show(matrix: AblationMatrix) -> None:
    for system in matrix.chance:
        rows = [row for row in matrix.rows if row.system == system]
        lines = [
            [
                row.variant,
                f"{row.parameters['total']:,}" if row.parameters else "",
                "" if row.accuracy is None else f"{row.accuracy.mean:.3f} ± {row.accuracy.sd:.3f}",
                "" if row.loss is None else f"{row.loss.mean:.3f}",
                "" if row.converted_accuracy is None else f"{row.converted_accuracy.mean:.3f}",
                "" if row.function_error is None else f"{row.function_error:.1e}",
                row.reason,
            ]
            for row in rows
        ]
        title = f"{system} on {rows[0].task}, chance {matrix.chance[system]:.3f}"
        print_table(title, ["name", "parameters", "accuracy", "loss", "converted", "change", "note"], lines)
