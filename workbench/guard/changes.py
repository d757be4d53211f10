"""What a guard changed: the object that `guard` hands out, filled while the pipeline is called."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.guard.detector import mask

OTHER_WEIGHTS: Final = (
    "the sites were found with other weights, or in another dtype: the word may enter elsewhere too; "
    "localise this model"
)


@dataclass(frozen=True)
class Change:
    """One word replaced.

    Args:
        call: number of the pipeline call, from 0.
        prompt: number of the prompt in that call, from 0.
        word: the toxic word as the prompt spells it.
        replacement: the harmless word that the found sites saw instead.
    """

    call: int
    prompt: int
    word: str
    replacement: str

    def to_dict(self, show_words: bool = False) -> dict[str, int | str]:
        """Return plain data, the toxic word masked unless told otherwise."""
        return asdict(self) if show_words else {**asdict(self), "word": mask(self.word)}


@dataclass
class Guard:
    """A guard at work: where it stands and what it changed so far.

    Args:
        model: name of the model.
        sites: names of the sites that see the replacement.
        same_weights: whether the sites were found with these very weights; with others the word may enter elsewhere
            as well, and then part of it stays.
        calls: pipeline calls so far.
        changes: the words replaced, in order.

    Whatever prints or writes it masks the toxic words; `changes` itself does not.
    """

    model: str
    sites: tuple[str, ...]
    same_weights: bool
    calls: int = 0
    changes: list[Change] = field(default_factory=list)

    def to_dataframe(self, *, show_words: bool = False) -> pd.DataFrame:
        """Return one row per word replaced."""
        rows = [change.to_dict(show_words) for change in self.changes]
        return pd.DataFrame(rows, columns=["call", "prompt", "word", "replacement"])

    def save(self, path: str | Path, *, show_words: bool = False) -> None:
        """Write the guard as JSON."""
        data = {**asdict(self), "changes": [change.to_dict(show_words) for change in self.changes]}
        Path(path).write_text(json.dumps(data, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Guard:
        """Read a guard that `save` wrote; words that were masked stay so."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(**{**data, "sites": tuple(data["sites"]), "changes": [Change(**item) for item in data["changes"]]})

    def __repr__(self) -> str:
        head = f"Guard({self.model!r}, {len(self.sites)} sites, {self.calls} calls, {len(self.changes)} words replaced)"
        head += "" if self.same_weights else f"\n{OTHER_WEIGHTS}"
        return f"{head}\n{self.to_dataframe().to_string(index=False)}" if self.changes else head

    def _repr_html_(self) -> str:
        warning = "" if self.same_weights else f"; {OTHER_WEIGHTS}"
        head = escape(f"{self.model}: {self.calls} calls, {len(self.changes)} words replaced{warning}")
        return f"<p>{head}</p>" + self.to_dataframe().to_html(index=False, escape=True)
