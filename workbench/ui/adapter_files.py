"""Adapter files as their panel shows them: the store's own exports, and the header of any other file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.runs.images import inside
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.models.model import Model

FOLDER: Final = "adapters"
SUFFIX: Final = ".safetensors"
LONGEST: Final = 400
PROOF: Final = {"matched": int, "round_trip_max_difference": float, "tolerance": float, "effect": float}


def export_target(workspace: Workspace, name: str, kind: str) -> Path:
    """Return where an export of that name goes: a file, or for peft a folder, inside the store's folder of adapters."""
    return inside(workspace.folder / FOLDER, name if kind == "peft" else f"{name}{SUFFIX}")


def refuse_taken(target: Path) -> None:
    """Raise InputError if something is there."""
    if target.exists():
        raise InputError("a name that is free", repr(target.name), "replace what is there, or choose another name")


def exported_files(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the headers of all exports of the store, by name."""
    files = []
    for path in sorted((workspace.folder / FOLDER).glob("[!.]*")):
        try:
            files.append(adapter_file(path))
        except InputError:
            # A file that somebody else put here is no adapter.
            continue
    return files


def adapter_file(path: Path, model: Model | None = None) -> dict[str, Any]:
    """Return the `adapter_file` of the protocol from the header alone.

    Args:
        path: a safetensors file, or a folder that peft wrote.
        model: compare with this base model.

    Raises:
        InputError: no adapter file, or a header that is none.
    """
    from workbench.adapt.header import inspect_adapter

    file = inspect_adapter(path)
    evidence = file.evidence
    found = _entries(evidence.get("found"))
    stated = evidence.get("fingerprint")
    return {
        "name": path.name,
        "path": str(path),
        "format": file.format,
        "bytes": file.path.stat().st_size,
        "modules": [{"module": _text(name), "rank": rank} for name, rank in file.ranks.items()],
        "parameters": file.parameters,
        "model": _text(evidence.get("model")),
        "same_model": None if model is None or stated is None else model.fingerprint() == stated,
        "licence": _text(evidence.get("licence")),
        "sites": [site for site in _list(found.get("indices")) if isinstance(site, int)],
        "effect": _number(_entries(found.get("score")).get("effect")),
        "proof": _proof(_entries(evidence.get("proof"))),
    }


def _proof(proof: Mapping[str, Any]) -> dict[str, Any] | None:
    figures = {name: _number(proof.get(name)) for name in PROOF}
    if any(value is None for value in figures.values()):
        return None
    return {"loader": _text(proof.get("loader")), **{name: PROOF[name](value) for name, value in figures.items()}}


# Whatever a stranger's header holds in these places, only texts and numbers of the expected kind come out.
def _entries(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    fits = isinstance(value, (int, float)) and abs(value) < float("inf")
    return float(value) if fits else None
