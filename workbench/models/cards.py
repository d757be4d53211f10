"""The embedded models and what the package says of them, known without loading torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

EMBEDDED: Final = Path(__file__).parent / "embedded"
DEFAULT_MODEL: Final = "glyph-mmdit"


@dataclass(frozen=True)
class ModelCard:
    """What the package says of an embedded model; `planted_sites` is the answer (indices),
    which is never read by the code that localises."""

    name: str
    family: str
    sites: int
    parameters: int
    planted_sites: tuple[int, ...]
    defaults: dict[str, Any]
    note: str

    @classmethod
    def read(cls, folder: Path) -> ModelCard:
        """Read the card `workbench.json` of a model folder."""
        card = json.loads((folder / "workbench.json").read_text(encoding="utf-8"))
        return cls(**{**card, "planted_sites": tuple(card["planted_sites"])})


def list_models() -> list[ModelCard]:
    """Return the cards of the embedded models, by name."""
    return [ModelCard.read(path.parent) for path in sorted(EMBEDDED.glob("*/workbench.json"))]
