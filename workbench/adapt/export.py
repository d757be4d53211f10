"""Write an adapter for other tools, and prove it: load it the public way and generate the same images."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.adapt.adapter import Adapter
from workbench.adapt.attach import check_fit, require_plain
from workbench.adapt.formats import write_file
from workbench.adapt.header import PEFT_CONFIG, PEFT_WEIGHTS, Format
from workbench.adapt.proof import Step, loader_of, prove
from workbench.errors import InputError
from workbench.files import whole
from workbench.models.model import Model

PACKAGES: Final = ("attention-workbench", "torch", "diffusers", "peft", "safetensors")
PEFT_FILES: Final = frozenset({PEFT_CONFIG, PEFT_WEIGHTS})
OVERWRITE: Final = "give another path, or allow it with --overwrite (overwrite=True)"


@dataclass(frozen=True)
class AdapterExport:
    """A written adapter and the proof that it can be loaded.

    Args:
        adapter: the file, or for peft the folder.
        format: `diffusers`, `peft` or `kohya`.
        targets: names of the modules it changes.
        matched: modules in which the loaded copy does what the adapter does.
        trainable_parameters: trained weights.
        loader: what loaded the copy.
        round_trip_max_difference: largest difference of a pixel, in 0..1, between images of the adapter and those of
            the loaded copy, from the same noise.
        effect: largest difference of a pixel that the adapter makes in these images.
    """

    adapter: str
    format: str
    targets: tuple[str, ...]
    matched: int
    trainable_parameters: int
    loader: str
    round_trip_max_difference: float
    effect: float

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row: what was written and how well it came back."""
        return pd.DataFrame([{**asdict(self), "targets": len(self.targets)}])

    def save(self, path: str | Path) -> None:
        """Write the outcome as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> AdapterExport:
        """Read an outcome that `save` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(**{**data, "targets": tuple(data["targets"])})

    def __repr__(self) -> str:
        return (
            f"AdapterExport({self.adapter!r}, {self.format}, {self.matched} of {len(self.targets)} modules, "
            f"round trip {self.round_trip_max_difference:.1e}, effect {self.effect:.1e})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"


def export_adapter(
    model: Model,
    adapter: Adapter,
    path: str | Path,
    *,
    format: Format = "diffusers",
    overwrite: bool = False,
    on_step: Callable[[Step], None] | None = None,
) -> AdapterExport:
    """Write an adapter and prove the file before it gets its name.

    The file is loaded into a fresh copy of the base model as a user would: `load_lora_weights` of the pipeline for
    diffusers and kohya keys, `PeftModel.from_pretrained` for peft. In each module the loaded copy must add what the
    adapter adds, and images from the same noise must be equal. The header then tells model, fingerprint, found set,
    training, versions and this proof. Strengths other than 1 and ranks that differ by module survive in each format.

    Args:
        model: the base model, with weights and without adapters of its own.
        adapter: what to write.
        path: a file; for peft a folder.
        format: `diffusers`, `peft`, or `kohya` (also read by ComfyUI and OneTrainer).
        overwrite: replace an adapter that is there.
        on_step: called after each of `STEPS` of the proof; what it raises ends the export, and nothing is written.

    Raises:
        InputError: an adapter that does not fit the model, an unusable path, an unknown format.
        RefusedError: a format that no reader of this family takes.
        RuntimeError: the proof failed; nothing is written then.
    """
    target = Path(path)
    check_fit(model, adapter)
    loader_of(model, adapter, format)
    require_plain(model, adapter.targets)
    if "fingerprint" in adapter.evidence:
        model.require_fingerprint(adapter.evidence["fingerprint"])
    check_path(target, format, overwrite)
    adapter = replace(adapter, evidence={**adapter.evidence, **base_evidence(model)})
    target.parent.mkdir(parents=True, exist_ok=True)
    tell = on_step or (lambda _: None)
    with whole(target) as part:
        write_file(adapter, part, format)
        tell("saved")
        proof = prove(model, adapter, part, format, on_step=tell)
        write_file(replace(adapter, evidence={**adapter.evidence, "proof": proof}), part, format)
    outcome = {name: proof[name] for name in ("matched", "loader", "round_trip_max_difference", "effect")}
    return AdapterExport(str(target), format, tuple(adapter.layers), trainable_parameters=adapter.parameters, **outcome)


def base_evidence(model: Model) -> dict[str, Any]:
    """Return what an adapter's header says of its base model and of the packages at hand."""
    versions = {name: version(name) for name in PACKAGES}
    return {"model": model.name, "fingerprint": model.fingerprint(), "versions": versions}


def check_path(target: Path, kind: Format, overwrite: bool) -> None:
    """Raise unless an adapter of that format may be written there.

    Raises:
        InputError: a folder where a file is wanted or the other way round, a name without `.safetensors`, something
            that is there already.
    """
    blocked = next((parent for parent in target.parents if parent.exists() and not parent.is_dir()), None)
    if blocked is not None:
        raise InputError("a path inside a folder", f"{str(blocked)!r}, a file", "give another path")
    if kind == "peft":
        _check_folder(target, overwrite)
        return
    if target.is_dir() or target.suffix != ".safetensors":
        got = "a folder" if target.is_dir() else "another kind of file"
        raise InputError("a file name that ends in .safetensors", f"{str(target)!r}, {got}", "name the file to write")
    if target.exists() and not overwrite:
        raise InputError("a path where nothing is yet", f"{str(target)!r}, which exists", OVERWRITE)


def _check_folder(target: Path, overwrite: bool) -> None:
    if target.exists() and not target.is_dir():
        raise InputError("a folder for an adapter in the format of peft", f"{str(target)!r}, a file", "name a folder")
    strangers = [path.name for path in target.iterdir() if path.name not in PEFT_FILES] if target.is_dir() else []
    if strangers:
        raise InputError("a new or empty folder", f"{str(target)!r} with {strangers[0]!r}", "give another folder")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise InputError("a folder where no adapter is yet", f"{str(target)!r}, which has one", OVERWRITE)
