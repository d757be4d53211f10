"""What a check of a system found, as objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.files import write_whole
from workbench.zoo.count import Count


@dataclass(frozen=True)
class Trial:
    """What the tiny configuration did.

    Args:
        parameters: its number of weights.
        forward: whether outputs have the shape that the task asks for and are finite.
        backward: whether every weight that is trained got a finite gradient.
        saved: whether a saved and loaded copy gives the same outputs, bit for bit.
        deterministic: whether two evaluations give the same outputs, bit for bit.
        idle: trained weights that no gradient reached.
    """

    parameters: int
    forward: bool
    backward: bool
    saved: bool
    deterministic: bool
    idle: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of it holds."""
        return self.forward and self.backward and self.saved and self.deterministic


@dataclass(frozen=True)
class FoundSite:
    """A declared attention site in the tiny configuration, and whether a hook on it fires in a forward pass."""

    name: str
    kind: str
    hooked: bool


@dataclass(frozen=True)
class AblationCheck:
    """What a variant of attention did to the tiny configuration.

    Args:
        variant: its name.
        status: `exact` if conversion kept the outputs, `approximate` if it ran, `refused`, or `failed`.
        reason: why it is not exact.
        declared: what the system declares.
        ok: whether both agree.
        error: largest change of an output by conversion, relative to the largest output.
    """

    variant: str
    status: str
    reason: str
    declared: str
    ok: bool
    error: float | None = None


@dataclass(frozen=True)
class ClaimCheck:
    """The claim of a paper and what a small experiment says about it."""

    statement: str
    verdict: str
    figures: Mapping[str, float]
    seeds: int
    effort: float
    seconds: float


@dataclass(frozen=True)
class SystemCheck:
    """A system against its paper.

    Args:
        name: of the system.
        counts: published figures beside what was counted.
        tiny: what the tiny configuration did.
        sites: its attention sites.
        ablations: what each variant of attention did to it.
        claim: what the experiment showed, or nothing if it was left out.
    """

    name: str
    counts: tuple[Count, ...]
    tiny: Trial
    sites: tuple[FoundSite, ...]
    ablations: tuple[AblationCheck, ...]
    claim: ClaimCheck | None

    @property
    def ok(self) -> bool:
        """Whether everything but the claim, which may fail honestly, is as declared."""
        fine = all(one.ok for one in self.counts) and all(one.ok for one in self.ablations)
        return fine and self.tiny.ok and all(site.hooked for site in self.sites)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: name, counts, tiny, sites, ablations, claim, ok."""
        return {**asdict(self), "ok": self.ok}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SystemCheck:
        """Return what `to_dict` wrote."""
        return cls(
            data["name"],
            tuple(Count(**one) for one in data["counts"]),
            Trial(**{**data["tiny"], "idle": tuple(data["tiny"]["idle"])}),
            tuple(FoundSite(**one) for one in data["sites"]),
            tuple(AblationCheck(**one) for one in data["ablations"]),
            None if data["claim"] is None else ClaimCheck(**data["claim"]),
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row for each thing checked: part, what, expected, found, ok."""
        rows: list[tuple[str, str, str, str, bool]] = [
            (
                "count",
                f"{one.variant}, {one.quantity}",
                f"{one.expected:,.0f} ({one.mark})",
                f"{one.measured:,.0f}",
                one.ok,
            )
            for one in self.counts
        ]
        checks = ("forward", "backward", "saved", "deterministic")
        rows += [
            ("tiny", name, "yes", "yes" if getattr(self.tiny, name) else "no", getattr(self.tiny, name))
            for name in checks
        ]
        rows += [
            ("site", site.name, site.kind, "hooked" if site.hooked else "silent", site.hooked) for site in self.sites
        ]
        rows += [("ablation", one.variant, one.declared, one.status, one.ok) for one in self.ablations]
        if self.claim is not None:
            rows.append(("claim", self.claim.statement, "holds", self.claim.verdict, self.claim.verdict == "holds"))
        return pd.DataFrame(rows, columns=["part", "what", "expected", "found", "ok"])

    def save(self, path: str | Path) -> None:
        """Write the check as JSON."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> SystemCheck:
        """Read a check that `save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    def __repr__(self) -> str:
        verdict = "as declared" if self.ok else "NOT as declared"
        claim = "claim left out" if self.claim is None else f"claim {self.claim.verdict}"
        return f"SystemCheck({self.name!r}: {verdict}, {claim})\n{self.to_dataframe().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.name)}</p>" + self.to_dataframe().to_html(index=False, escape=True)
