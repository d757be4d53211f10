"""`workbench localize`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, progress_bar, say
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.localize.pairs import Pair
    from workbench.localize.result import Localization
    from workbench.runs.store import RunStore

OutOption = Annotated[Path, typer.Option("--out", help="Folder of the run store; nothing is written elsewhere.")]
DEFAULT_OUT = Path("workbench-runs")


def localize(
    model: Annotated[str, typer.Argument(help="Embedded name, folder or hub id.")] = "glyph-mmdit",
    pairs: Annotated[
        str, typer.Option(help="Number of pairs to make, or a CSV file: source,target,source_text,target_text.")
    ] = "16",
    source: Annotated[str | None, typer.Option(help='Source prompt with its text in "quotes".')] = None,
    target: Annotated[str | None, typer.Option(help='Target prompt with its text in "quotes".')] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Noises per pair.")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps; the model's default unless given.")] = None,
    guidance: Annotated[float | None, typer.Option(help="Classifier-free guidance; the model's default.")] = None,
    sites: Annotated[list[str] | None, typer.Option("--site", help="Try these only: index, range or pattern.")] = None,
    screen: Annotated[
        int, typer.Option(min=0, help="Patch only the N best sites of a one-step screening; 0 patches all.")
    ] = 0,
    heads: Annotated[bool, typer.Option("--heads", help="Also patch every head alone.")] = False,
    step_windows: Annotated[int, typer.Option(min=1, help="Also patch each site in N windows of the steps.")] = 1,
    start_step: Annotated[int, typer.Option(min=0, help="Patch from this loop index on.")] = 0,
    condition_only: Annotated[
        bool, typer.Option("--condition-only", help="Leave the negative guidance half alone.")
    ] = False,
    share: Annotated[float, typer.Option(help="Share of the all-sites effect that the found set must reach.")] = 0.9,
    max_rows: Annotated[int, typer.Option(min=3, help="Rows of one generation; halved when memory runs out.")] = 32,
    reader: Annotated[str, typer.Option(help="OCR engine: rapidocr or easyocr.")] = "rapidocr",
    forecast: Annotated[bool, typer.Option("--forecast", help="Print what it would cost, and stop.")] = False,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonFlag = False,
) -> None:
    """Find the attention sites that decide the text in a model's images.

    Example: workbench localize glyph-mmdit --pairs 16 --out runs
    """
    from workbench.localize.localize import localize as find
    from workbench.localize.localize import plan

    options: dict[str, Any] = {
        "seeds": seeds,
        "steps": steps,
        "guidance": guidance,
        "sites": sites,
        "screen": screen,
        "heads": heads,
        "step_windows": step_windows,
        "start_step": start_step,
        "condition_only": condition_only,
        "share": share,
        "max_rows": max_rows,
        "reader": reader,
    }
    chosen = chosen_pairs(pairs, source, target)
    if forecast:
        expected = plan(model, chosen, **options)[3]
        print_json(expected.to_dict()) if as_json else print(expected)
        return
    with progress_bar() as bar:
        task = bar.add_task("opening the model", total=None)
        result = find(
            model,
            chosen,
            out=out,
            on_forecast=lambda expected: say(str(expected)),
            on_progress=lambda at: bar.update(task, description=at.stage, completed=at.done, total=at.total),
            **options,
        )
    from workbench.runs.store import RunStore

    show(result, RunStore(out), as_json)


def chosen_pairs(pairs: str, source: str | None, target: str | None) -> int | list[Pair]:
    """Return the pairs that the options ask for."""
    from workbench.localize.pairs import Pair, read_pairs

    if (source is None) != (target is None):
        raise InputError("both --source and --target", "one of them", "give the other one too")
    if source is not None and target is not None:
        return [Pair.of_prompts(source, target)]
    return int(pairs) if pairs.lstrip("-").isdigit() else read_pairs(pairs)


def show(result: Localization, store: RunStore, as_json: bool) -> None:
    """Write the report and print the result."""
    from workbench.report.page import write_report

    page = write_report(result, store.cells(store.get(result.run)))
    if as_json:
        print_json(contract(result, page))
        return
    found = set(result.found.indices)
    rows = [
        [
            str(site.index) + (" *" if site.index in found else ""),
            site.name,
            f"{site.score.effect:+.3f}",
            f"{site.score.ci[0]:+.3f} .. {site.score.ci[1]:+.3f}",
            f"{site.score.drift:.3f}",
        ]
        for site in result.ranking.sites
    ]
    print_table(f"{result.model}: text effect of each site alone", ["index", "name", "effect", "95 %", "drift"], rows)
    if result.screening:
        left_out = len(result.screening.sites) - len(result.ranking.sites)
        print(f"  screening: {result.screening.denoiser_rows:,} denoiser rows left out the other {left_out} sites")
    control = result.found.control
    effect, most = result.found.score.effect, result.all_sites.effect
    print(f"* found set {list(result.found.indices)}: effect {effect:+.3f}, all sites {most:+.3f}")
    if control:
        print(f"  random sets of the same size: effect {control['effect']:+.3f}")
    if not result.found.reached:
        print("  no small set satisfied the rule, so all sites are kept: " + result.found.rule)
    print(f"  {result.found.parameters:,} text key/value weights, {result.found.share:.2%} of the denoiser")
    print(f"  {result.cost['denoiser_rows']:,} denoiser rows, {result.cost['seconds']:.0f} s; run {result.run}")
    if result.note:
        print(f"  {result.note}")
    print(f"report: {page}")


def contract(result: Localization, page: Path) -> dict[str, Any]:
    """Return the document that `--json` prints."""
    single = sorted(result.ranking.sites, key=lambda site: site.index)
    return {
        "run": result.run,
        "model": result.model,
        "sites": [
            {
                "index": site.index,
                "name": site.name,
                "effect": site.score.effect,
                "ci": list(site.score.ci),
                "drift": site.score.drift,
            }
            for site in single
        ],
        "baseline": asdict(result.baseline),
        "all_sites": asdict(result.all_sites),
        "control": result.found.control,
        "found": {
            "sites": list(result.found.indices),
            "names": list(result.found.sites),
            "parameters": result.found.parameters,
            "share": result.found.share,
            "reached": result.found.reached,
            "effect": result.found.score.effect,
            "ci": list(result.found.score.ci),
            "drift": result.found.score.drift,
        },
        "cost": result.cost,
        "report": str(page),
        **({"screening": asdict(result.screening)} if result.screening else {}),
    }
