"""`workbench zoo`: list the systems, show one, check it against its paper, and make the verification table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.terminal import JsonFlag, print_json, print_table, say

if TYPE_CHECKING:
    from workbench.zoo.checks import SystemCheck

app = typer.Typer(no_args_is_help=True, help="Transformer systems, each checked against its paper.")
OutOption = Annotated[Path, typer.Option(help="Folder of the run store; nothing is written elsewhere.")]


@app.command("list")
def list_(
    pattern: Annotated[str, typer.Argument(help="A name or a pattern such as vision/*.")] = "*",
    as_json: JsonFlag = False,
) -> None:
    """List the systems with their papers and what may be done to their attention.

    Example: workbench zoo list "language/*"
    """
    from workbench.zoo.registry import find_system, list_systems

    systems = [find_system(name) for name in list_systems(pattern)]
    if as_json:
        print_json([_entry(system) for system in systems])
        return
    rows = [
        [system.name, system.paper, str(1 + len(system.variants)), *map(str, _fits(system)), system.task]
        for system in systems
    ]
    print_table("zoo", ["name", "arXiv", "variants", "exact", "approximate", "impossible", "task"], rows)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name of a system.")], as_json: JsonFlag = False) -> None:
    """Show a system: its configurations, published figures, sites, and each variant of attention with the reason.

    Example: workbench zoo show vision/minimal
    """
    from workbench.zoo.registry import find_system

    system = find_system(name)
    if as_json:
        facts = [{**vars(fact)} for fact in system.facts]
        sites = [vars(site) for site in system.sites]
        print_json(
            {**_entry(system), "title": system.title, "claim": system.claim.statement, "facts": facts, "sites": sites}
        )
        return
    print(f"{system.name}: {system.title} (arXiv {system.paper})\nclaim: {system.claim.statement}")
    print(f"configurations: tiny, {', '.join(system.variants)}; trained on {system.task}")
    print_table("sites", ["name", "kind"], [[site.pattern, site.kind] for site in system.sites])
    facts_ = [[fact.variant, fact.ablation, fact.quantity, f"{fact.expected:,.0f}", fact.mark] for fact in system.facts]
    print_table("published", ["name", "ablation", "quantity", "figure", "mark"], facts_)
    abilities = [[variant, some.fit, some.reason] for variant, some in system.capabilities.items()]
    print_table("attention", ["name", "fit", "reason"], abilities)


@app.command("check")
def check(
    pattern: Annotated[str, typer.Argument(metavar="NAME", help="A name, or a pattern for several.")],
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the experiment.")] = 3,
    effort: Annotated[float, typer.Option(help="Share of the experiment's usual steps.")] = 1.0,
    claim: Annotated[bool, typer.Option("--claim/--no-claim", help="Run the experiment on the paper's claim.")] = True,
    out: OutOption = Path("workbench-runs"),
    as_json: JsonFlag = False,
) -> None:
    """Check systems: published counts, a tiny configuration, sites, variants of attention, and the paper's claim.

    A check that was stopped goes on when the same command is given again. A claim that fails is a result, not an error;
    the exit code is 1 if anything else is not as declared.

    Example: workbench zoo check vision/minimal
    """
    from workbench.zoo.check import check_system
    from workbench.zoo.registry import list_systems

    results = []
    for name in list_systems(pattern):
        results.append(
            check_system(
                name,
                seeds=seeds,
                effort=effort,
                claim=claim,
                out=out,
                on_part=partial(_announce, name),
            )
        )
        if not as_json:
            _show(results[-1])
    if as_json:
        documents = [result.to_dict() for result in results]
        print_json(documents[0] if len(documents) == 1 else documents)
    if not all(result.ok for result in results):
        raise typer.Exit(1)


@app.command("table")
def table(out: OutOption = Path("workbench-runs"), as_json: JsonFlag = False) -> None:
    """Make the verification table from stored checks; it is also written as verification.md into the folder.

    Example: workbench zoo table --out workbench-runs
    """
    from workbench.files import write_whole
    from workbench.zoo.table import to_markdown, verification_table

    found = verification_table(out)
    write_whole(out / "verification.md", to_markdown(found))
    if as_json:
        print_json(found.to_dict("records"))
        return
    shown = found.drop(columns="claim").astype(str)
    print_table("zoo", [*shown.columns], shown.to_numpy().tolist())
    print(f"written: {out / 'verification.md'}")


def _announce(name: str, part: str) -> None:
    say(f"{name}: {part}")


def _entry(system: Any) -> dict[str, Any]:
    return {
        "name": system.name,
        "family": system.family,
        "paper": system.paper,
        "variants": ["tiny", *system.variants],
        "capabilities": {name: vars(some) for name, some in system.capabilities.items()},
    }


def _fits(system: Any) -> list[int]:
    fits = [some.fit for some in system.capabilities.values()]
    return [fits.count(fit) for fit in ("exact", "approximate", "impossible")]


def _show(result: SystemCheck) -> None:
    rows = [["" if ok else "!", part, what, expected, found] for part, what, expected, found, ok in _lines(result)]
    print_table(result.name, ["", "part", "name", "expected", "found"], rows)
    if result.claim is not None:
        figures = [[name, f"{value:.4g}"] for name, value in result.claim.figures.items()]
        print_table(f"claim: {result.claim.verdict}", ["name", "figure"], figures)


def _lines(result: SystemCheck) -> list[Any]:
    return list(result.to_dataframe().itertuples(index=False, name=None))
