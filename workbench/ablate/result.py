"""The matrix of systems and variants, as an object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from workbench.files import write_whole


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds."""

    mean: float
    sd: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """Return those of the values that are numbers; nothing without any."""
        found = [value for value in values if value is not None]
        return cls(fmean(found), stdev(found) if len(found) > 1 else 0.0) if found else None


@dataclass(frozen=True)
class AblationRow:
    """A system in a variant, over all seeds.

    Args:
        system, variant: names.
        task: what it learnt.
        status: `done`, or `refused`.
        reason: why it was refused, or why some sites stayed as they are.
        parameters: weights in all; of `attention`, `mlp` and the `rest`.
        multiply_adds: of one example.
        weight_bytes: what the weights take.
        milliseconds: median time of a forward pass of 16 examples on the same kernels as all variants.
        accuracy, loss: on the test, trained from scratch.
        converted_accuracy, converted_loss: of the trained baseline converted to the variant, without training.
        finetuned_accuracy, finetuned_loss: after further training of that.
        function_error: change of the outputs by the conversion, relative to them, in float64.
        conversion: means over sites and seeds of what `convert` reports.
    """

    system: str
    variant: str
    task: str
    status: str
    reason: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    multiply_adds: int | None = None
    weight_bytes: int | None = None
    milliseconds: float | None = None
    accuracy: Spread | None = None
    loss: Spread | None = None
    converted_accuracy: Spread | None = None
    converted_loss: Spread | None = None
    finetuned_accuracy: Spread | None = None
    finetuned_loss: Spread | None = None
    function_error: float | None = None
    conversion: Mapping[str, float] = field(default_factory=dict)


SPREADS = ("accuracy", "loss", "converted_accuracy", "converted_loss", "finetuned_accuracy", "finetuned_loss")


@dataclass(frozen=True)
class AblationMatrix:
    """Systems x variants.

    Args:
        run: its id in the run store.
        settings: what was asked for.
        rows: one for each system and variant, in the order asked for.
        chance: accuracy of the most frequent answer on each system's task.
        ranks: of each system, change of its outputs by rank of queries and keys, by form.
    """

    run: str
    settings: Mapping[str, Any]
    rows: tuple[AblationRow, ...]
    chance: Mapping[str, float]
    ranks: Mapping[str, Mapping[str, Mapping[str, float]]]

    def row(self, system: str, variant: str) -> AblationRow:
        """Return the row of a system and a variant."""
        return next(row for row in self.rows if (row.system, row.variant) == (system, variant))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one line a row, means and standard deviations in columns of their own."""
        lines = []
        for row in self.rows:
            line: dict[str, Any] = {
                "system": row.system,
                "variant": row.variant,
                "status": row.status,
                "parameters": row.parameters.get("total"),
                "multiply_adds": row.multiply_adds,
                "milliseconds": row.milliseconds,
            }
            for name in SPREADS:
                spread = getattr(row, name)
                line |= {name: spread and spread.mean, f"{name}_sd": spread and spread.sd}
            lines.append(line | {"function_error": row.function_error, **row.conversion, "reason": row.reason})
        return pd.DataFrame(lines).dropna(axis=1, how="all")

    def table(self, figure: str = "accuracy") -> pd.DataFrame:
        """Return the mean of a figure as a table of systems by variants; a refusal is empty."""
        frame = self.to_dataframe()
        names = [list(dict.fromkeys(frame[column])) for column in ("system", "variant")]
        return frame.pivot(index="system", columns="variant", values=figure).reindex(index=names[0], columns=names[1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def save(self, path: str | Path) -> None:
        """Write the matrix as JSON."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> AblationMatrix:
        """Read a matrix that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        rows = [
            AblationRow(**{**row, **{name: row[name] and Spread(**row[name]) for name in SPREADS}})
            for row in data["rows"]
        ]
        return cls(**{**data, "rows": tuple(rows)})

    def __repr__(self) -> str:
        head = f"AblationMatrix({self.run!r}, {len(self.chance)} systems, seeds {self.settings['seeds']}): accuracy"
        return f"{head}\n{self.table().round(3).to_string(na_rep='-')}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.run)}: accuracy</p>" + self.table().round(3).to_html(escape=True, na_rep="-")


def row_of(system: str, variant: str, task: str, cells: Sequence[Mapping[str, Any]]) -> AblationRow:
    """Return the row of a system and a variant from the cells of its seeds."""
    first = cells[0]
    if first["status"] != "done":
        return AblationRow(system, variant, task, first["status"], first["reason"])
    conversions = [cell["conversion"] for cell in cells if "conversion" in cell]
    means = (
        {name: [one[name] for one in conversions if one[name] is not None] for name in conversions[0]}
        if conversions
        else {}
    )
    spreads = {
        name: Spread.of([cell[part][figure] for cell in cells if part in cell])
        for name, part, figure in (
            ("accuracy", "scratch", "accuracy"),
            ("loss", "scratch", "loss"),
            ("converted_accuracy", "converted", "accuracy"),
            ("converted_loss", "converted", "loss"),
            ("finetuned_accuracy", "finetuned", "accuracy"),
            ("finetuned_loss", "finetuned", "loss"),
        )
    }
    found = {name: fmean(values) for name, values in means.items() if values}
    return AblationRow(
        system,
        variant,
        task,
        "done",
        first["reason"],
        first["parameters"],
        first["multiply_adds"],
        first["weight_bytes"],
        fmean(cell["milliseconds"] for cell in cells),
        **spreads,
        function_error=found.pop("function_error", None),
        conversion=found,
    )
