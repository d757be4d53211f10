"""The page of a matrix of ablations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from workbench.ablate.figures import is_control, rank_figure, size_figure
from workbench.ablate.result import AblationMatrix, AblationRow, Spread
from workbench.files import write_whole
from workbench.report.render import both_themes, png, render
from workbench.report.tables import Row, Table
from workbench.report.wording import count, number, plural

PRINT_DPI: Final = 200
DASH: Final = "–"


def write_page(matrix: AblationMatrix, folder: str | Path, versions: dict[str, str]) -> Path:
    """Write `ablation.html` and its figures as PNG.

    Args:
        matrix: what `ablate` returned.
        folder: existing or new; nothing is written elsewhere.
        versions: of the packages that it was made with.

    Returns:
        The path of the page.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_whole(place / "size.png", png(size_figure(matrix), PRINT_DPI))
    ranks = rank_figure(matrix)
    if ranks is not None:
        write_whole(place / "rank.png", png(ranks, PRINT_DPI))
    systems = list(matrix.chance)
    html = render(
        "workbench.ablate",
        "page.html.jinja",
        matrix=matrix,
        systems=systems,
        finding=finding(matrix),
        overview=overview(matrix),
        details=[detail(matrix, system) for system in systems],
        sizes=both_themes(lambda palette: size_figure(matrix, palette)),
        ranks=None
        if ranks is None
        else both_themes(lambda palette: rank_figure(matrix, palette) or size_figure(matrix)),
        config=json.dumps(matrix.settings, indent=1),
        versions=versions,
    )
    page = place / "ablation.html"
    write_whole(page, html)
    return page


def finding(matrix: AblationMatrix) -> str:
    """Return what the matrix says, in a few sentences."""
    kept = tried = fooled = 0
    for system in matrix.chance:
        rows = [row for row in matrix.rows if row.system == system and row.accuracy is not None]
        close = {row.variant for row in rows[1:] if _within(row.accuracy, rows[0].accuracy)}
        controls = {row.variant for row in rows if is_control(row.variant)}
        kept += len(close - controls)
        tried += len(rows) - 1 - len(controls)
        fooled += bool(close & controls)
    refused = sum(row.status == "refused" for row in matrix.rows)
    text = (
        f"Trained from scratch with {plural(int(matrix.settings['seeds']), 'seed')}, {kept} of {tried} variants stay "
        "within two standard deviations, or one point of accuracy, of their baseline."
    )
    if refused:
        text += f" {refused} more are impossible; the tables say why."
    if fooled:
        text += (
            f" On {plural(fooled, 'system')} attention that learns nothing of where to look does as well: the task "
            "shows nothing about attention there."
        )
    return text


def _within(accuracy: Spread | None, baseline: Spread | None) -> bool:
    if accuracy is None or baseline is None:
        return False
    return accuracy.mean >= baseline.mean - max(0.01, 2 * baseline.sd)


def overview(matrix: AblationMatrix) -> Table:
    """Return accuracy of each system in each variant."""
    variants = list(dict.fromkeys(row.variant for row in matrix.rows))
    rows = [
        Row((system, *(_cell(matrix.row(system, variant)) for variant in variants), number(matrix.chance[system])))
        for system in matrix.chance
    ]
    note = (
        "Mean accuracy on the test over seeds, trained from scratch; ± is the standard deviation. – is impossible; the "
        "reasons are below. Chance is the most frequent answer."
    )
    return Table("Accuracy by system and variant", ("System", *variants, "Chance"), tuple(rows), note)


def _cell(row: AblationRow) -> str:
    if row.accuracy is None:
        return DASH
    spread = f" ± {row.accuracy.sd:.3f}" if row.accuracy.sd else ""
    return f"{row.accuracy.mean:.3f}{spread}{'*' if row.reason else ''}"


def detail(matrix: AblationMatrix, system: str) -> Table:
    """Return the figures of one system, a line a variant."""
    head = (
        "Variant", "Parameters", "Attention", "MLP", "MFLOP", "ms", "Accuracy", "Loss", "Converted accuracy",
        "Converted loss", "Change of outputs", "Symmetry", "Self weight", "Variation", "Bound", "Note",
    )  # fmt: skip
    rows = [Row(_detail(row)) for row in matrix.rows if row.system == system]
    task = next(row.task for row in matrix.rows if row.system == system)
    note = (
        "MFLOP is of one example, ms the median of a forward pass of 16. Converted figures are those of the trained "
        "baseline put into the variant without training. Symmetry, the weight of a token on itself, and the total "
        "variation between the patterns before and after with its bound are means over sites, in float64."
    )
    return Table(f"{system}, trained on {task}", head, tuple(rows), note)


def _detail(row: AblationRow) -> tuple[str, ...]:
    if row.status == "refused":
        return (row.variant, *[DASH] * 14, row.reason)
    names = ("symmetry", "self_weight", "variation", "variation_bound")
    return (
        row.variant,
        *(count(row.parameters[part]) for part in ("total", "attention", "mlp")),
        number(2 * (row.multiply_adds or 0) / 1e6),
        number(row.milliseconds or 0.0),
        *(_mean(spread) for spread in (row.accuracy, row.loss, row.converted_accuracy, row.converted_loss)),
        DASH if row.function_error is None else f"{row.function_error:.1e}",
        *(number(row.conversion[name], 3) if name in row.conversion else DASH for name in names),
        row.reason,
    )


def _mean(spread: Spread | None) -> str:
    return DASH if spread is None else number(spread.mean, 3)
