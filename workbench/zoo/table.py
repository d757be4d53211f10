"""The verification table of the zoo, made from stored checks alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from workbench.errors import InputError
from workbench.runs.store import RunStore
from workbench.zoo.check import VERB
from workbench.zoo.checks import SystemCheck

COLUMNS: Final = ("name", "counts", "tiny", "sites", "exact", "approximate", "refused", "verdict", "claim")


def verification_table(out: str | Path = "workbench-runs") -> pd.DataFrame:
    """Return one row a system, from the newest finished check of each.

    Args:
        out: folder of the run store that holds the checks.

    Returns:
        name; counts that agree, of all; whether `tiny` runs and saves; sites hooked, of all; how many variants of
        attention are exact, approximate and refused; the verdict on the claim, and the claim.

    Raises:
        InputError: no finished check in the store.
    """
    checks = stored_checks(out)
    if not checks:
        raise InputError("a store with finished checks", f"none in {out}", "run `workbench zoo check NAME` first")
    return pd.DataFrame([_row(check) for check in checks], columns=list(COLUMNS))


def stored_checks(out: str | Path) -> list[SystemCheck]:
    """Return the newest finished check of each system in a store, by name."""
    store, newest = RunStore(out), {}
    for run in store.list():
        result = store.result(run) if run.verb == VERB and run.status == "done" else None
        if result is not None:
            newest[run.model] = SystemCheck.from_dict(result)
    return [newest[name] for name in sorted(newest)]


def to_markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _row(check: SystemCheck) -> tuple[str, ...]:
    asserted = [count for count in check.counts if count.mark != "reported"]
    statuses = [one.status for one in check.ablations]
    hooked = sum(site.hooked for site in check.sites)
    return (
        check.name,
        f"{sum(count.ok for count in asserted)} of {len(asserted)}",
        "runs" if check.tiny.ok else "FAILS",
        f"{hooked} of {len(check.sites)}",
        *(str(statuses.count(status)) for status in ("exact", "approximate", "refused")),
        "not run" if check.claim is None else check.claim.verdict,
        "" if check.claim is None else check.claim.statement,
    )
