"""Merge an adapter into a model's weights, and take it out again bit for bit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from workbench.adapt.adapter import Adapter
from workbench.adapt.attach import check_fit, require_plain
from workbench.adapt.targets import linear_module
from workbench.errors import InputError
from workbench.files import whole
from workbench.models.model import Model


@dataclass(frozen=True, eq=False)
class Merge:
    """An adapter in a model's weights. The weights of before are kept: subtracting would leave rounding errors."""

    model: Model
    kept: dict[str, torch.Tensor]

    def undo(self) -> None:
        """Put the weights of before back, bit for bit."""
        with torch.no_grad():
            for name, weight in self.kept.items():
                linear_module(self.model, name).weight.copy_(weight)

    def __repr__(self) -> str:
        return f"Merge({len(self.kept)} modules of {self.model.name!r})"


def merge_adapter(model: Model, adapter: Adapter, *, scale: float = 1.0) -> Merge:
    """Add an adapter to the weights of a model in place, computed in float32.

    Args:
        model: the base model, with weights and without adapters of its own.
        adapter: the adapter; `stack_adapters` makes one of several.
        scale: multiple of its strength.

    Returns:
        What `undo` needs to take it out again.

    Raises:
        InputError: the adapter does not fit the model.
        RefusedError: the model has adapters of its own, or no weights.
    """
    check_fit(model, adapter)
    require_plain(model, adapter.targets)
    kept = {name: linear_module(model, name).weight.detach().clone() for name in adapter.layers}
    with torch.no_grad():
        for name, layer in adapter.layers.items():
            weight = linear_module(model, name).weight
            weight.copy_(weight.float() + scale * layer.delta().to(weight.device))
    return Merge(model, kept)


def save_merged(
    model: Model, adapter: Adapter, folder: str | Path, *, scale: float = 1.0, overwrite: bool = False
) -> Path:
    """Write the pipeline with an adapter merged into it, in `save_pretrained` format; the model stays as it is.

    Args:
        model, adapter, scale: see `merge_adapter`.
        folder: where to; it appears when all is written.
        overwrite: replace a pipeline that is there.

    Raises:
        InputError: a file or something else than a pipeline is there, or a pipeline that may not be overwritten.
    """
    target = Path(folder)
    check_folder(target, overwrite)
    merge = merge_adapter(model, adapter, scale=scale)
    target.parent.mkdir(parents=True, exist_ok=True)
    pipeline: Any = model.pipeline
    try:
        with whole(target) as part:
            pipeline.save_pretrained(part, safe_serialization=True)
            card = Path(pipeline.config.get("_name_or_path") or "") / "workbench.json"
            if card.is_file():
                shutil.copy(card, part)
    finally:
        merge.undo()
    return target


def check_folder(target: Path, overwrite: bool) -> None:
    """Raise unless a pipeline may be written there."""
    if target.exists() and not target.is_dir():
        raise InputError("a folder for the merged pipeline", f"{str(target)!r}, a file", "name a folder")
    if target.is_dir() and any(target.iterdir()):
        if not (target / "model_index.json").is_file():
            raise InputError("a new or empty folder", f"{str(target)!r} with other files", "give another folder")
        if not overwrite:
            raise InputError(
                "a folder where no pipeline is yet", f"{str(target)!r}, which has one", "give another, or --overwrite"
            )
