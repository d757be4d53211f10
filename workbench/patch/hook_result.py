"""The result of a sweep over hooks: the effect of each hook and position on a label's margin."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.errors import InputError
from workbench.files import write_whole

# A ratio says nothing where the two runs hardly differ, in logits.
LEAST_CHANGE: Final = 1e-3
SHOWN: Final = 5


@dataclass(frozen=True)
class SweptPair:
    """What patching did to one pair of texts.

    Args:
        clean_tokens, corrupted_tokens: the tokens, as they may be shown.
        clean, corrupted: the target's margin in the unpatched runs, in logits.
        lengths: positions of each hook.
        margins: the margin of the corrupted text with one hook and position patched from the clean run.
        rows: rows that went through the network.
    """

    clean_tokens: tuple[str, ...]
    corrupted_tokens: tuple[str, ...]
    clean: float
    corrupted: float
    lengths: dict[str, int]
    margins: dict[str, dict[int, float]]
    rows: int

    def effect(self, hook: str, position: int) -> float:
        """Return how far a patch leads from the corrupted (0) to the clean run (1); NaN where these hardly differ."""
        change = self.clean - self.corrupted
        return (self.margins[hook][position] - self.corrupted) / change if abs(change) >= LEAST_CHANGE else float("nan")

    def token(self, hook: str, position: int) -> str:
        """Return a position's token, `clean→corrupted` where they differ; empty at hooks on the decoder's own token."""
        if self.lengths[hook] != len(self.clean_tokens):
            return ""
        clean, corrupted = self.clean_tokens[position], self.corrupted_tokens[position]
        return clean if clean == corrupted else f"{clean}→{corrupted}"


@dataclass(frozen=True)
class HookSweep:
    """The outcome of `sweep` on a TransformerLens bridge.

    Args:
        target: the label whose margin was measured.
        labels: all labels.
        pairs: one entry a pair.
    """

    target: str
    labels: tuple[str, ...]
    pairs: tuple[SweptPair, ...]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per pair, hook and position: token, margin in logits, and effect."""
        rows = [
            (number, hook, position, pair.token(hook, position), margin, pair.effect(hook, position))
            for number, pair in enumerate(self.pairs)
            for hook, margins in pair.margins.items()
            for position, margin in margins.items()
        ]
        return pd.DataFrame(rows, columns=["pair", "hook", "position", "token", "margin", "effect"])

    def save(self, path: str | Path) -> None:
        """Write the result as JSON, with the tokens as they may be shown."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load(cls, path: str | Path) -> HookSweep:
        """Read a result that `save` wrote.

        Raises:
            InputError: the file is something else.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(data["target"], tuple(data["labels"]), tuple(_pair(pair) for pair in data["pairs"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError("a file that `HookSweep.save` wrote", f"{path} ({error})", "give another file") from error

    def __repr__(self) -> str:
        rows = sum(pair.rows for pair in self.pairs)
        lines = [f"HookSweep of the margin of {self.target!r}: {len(self.pairs)} pairs, {rows} rows; strongest:"]
        frame = self.to_dataframe()
        best = frame.reindex(frame["effect"].abs().sort_values(ascending=False).index).head(SHOWN)
        for cell in best.itertuples():
            lines.append(f"  pair {cell.pair}, {cell.hook} at {cell.position} {cell.token}: {cell.effect:+.2f}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>Effect on the margin of {escape(self.target)}: 0 as corrupted, 1 as clean</p>"]
        for number, pair in enumerate(self.pairs[:SHOWN]):
            parts.append(f"<p>Pair {number}: margin {pair.clean:+.3f} clean, {pair.corrupted:+.3f} corrupted</p>")
            parts += _heat_maps(pair)
        return "".join(parts)


def _pair(data: dict[str, Any]) -> SweptPair:
    margins = {
        hook: {int(place): margin for place, margin in places.items()} for hook, places in data["margins"].items()
    }
    tokens = {name: tuple(data[name]) for name in ("clean_tokens", "corrupted_tokens")}
    return SweptPair(**{**data, **tokens, "margins": margins})


def _heat_maps(pair: SweptPair) -> list[str]:
    """Return a table of effects for the hooks that see the text, and one for those that see the decoder's tokens."""
    tables: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for hook, margins in pair.margins.items():
        heads = tuple(f"{place} {pair.token(hook, place)}".strip() for place in margins)
        tables.setdefault(heads, {})[hook] = [pair.effect(hook, place) for place in margins]
    return [
        pd.DataFrame.from_dict(hooks, orient="index", columns=list(heads))
        .style.background_gradient("PuOr_r", axis=None, vmin=-1, vmax=1)
        .format("{:+.2f}")
        .format_index(escape="html", axis=0)
        .format_index(escape="html", axis=1)
        .to_html()
        for heads, hooks in tables.items()
    ]
