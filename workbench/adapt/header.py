"""Look into adapter files before anything of them is loaded: header, shapes and evidence, within limits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from workbench.errors import InputError

Format = Literal["diffusers", "peft", "kohya"]
EVIDENCE_KEY: Final = "workbench"
DIFFUSERS_KEY: Final = "lora_adapter_metadata"
PEFT_WEIGHTS: Final = "adapter_model.safetensors"
PEFT_CONFIG: Final = "adapter_config.json"
MAX_HEADER: Final = 4 * 2**20
PICKLES: Final = (b"\x80", b"PK")
FLOATS: Final = frozenset({"F32", "F16", "BF16"})
KEYS: Final[dict[Format, re.Pattern[str]]] = {
    "diffusers": re.compile(r"(?P<component>unet|transformer)\.(?P<module>[\w.]+)\.lora_(?P<side>A|B)\.weight"),
    "peft": re.compile(r"base_model\.model\.(?P<module>[\w.]+)\.lora_(?P<side>A|B)\.weight"),
    "kohya": re.compile(
        r"lora_(?P<component>unet|transformer)_(?P<module>\w+)\.(?P<side>lora_down\.weight|lora_up\.weight|alpha)"
    ),
}


@dataclass(frozen=True)
class AdapterFile:
    """What an adapter file says of itself; its weights are not loaded.

    Args:
        path: the safetensors file.
        format: how its keys are spelt: `diffusers`, `peft` or `kohya`.
        shapes: shape of each tensor by key.
        metadata: the texts of its safetensors header.
        config: for peft, the configuration beside it.
    """

    path: Path
    format: Format
    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]
    config: Mapping[str, Any]

    @property
    def evidence(self) -> dict[str, Any]:
        """Evidence that `export_adapter` wrote; empty for files of other tools."""
        found = read_json(self.metadata.get(EVIDENCE_KEY, "{}"), f"{self.path}, entry {EVIDENCE_KEY!r}")
        return found

    @property
    def ranks(self) -> dict[str, int]:
        """Rank by module, as the keys spell it."""
        matches = {key: KEYS[self.format].fullmatch(key) for key in self.shapes}
        down = {key: match for key, match in matches.items() if match and match["side"] in {"A", "lora_down.weight"}}
        return {match["module"]: self.shapes[key][0] for key, match in down.items()}

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        return sum(math.prod(shape) for key, shape in self.shapes.items() if not key.endswith(".alpha"))

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per module: its name as the file spells it, and its rank."""
        return pd.DataFrame(self.ranks.items(), columns=["module", "rank"])

    def __repr__(self) -> str:
        base = self.evidence.get("model", "not stated")
        return f"AdapterFile({str(self.path)!r}, {self.format}, {len(self.ranks)} modules, base model {base})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_dataframe().to_html(index=False, escape=True)


def inspect_adapter(path: str | Path) -> AdapterFile:
    """Read the header of an adapter file, or of the file in a folder that peft wrote.

    Raises:
        InputError: no such file, a pickle, a header over 4 MiB or not matching the file, tensors that are no floats,
            keys that belong to no LoRA.
    """
    file, config = Path(path), {}
    if file.is_dir():
        config = _peft_config(file)
        file = file / PEFT_WEIGHTS
    header = _read_header(file)
    metadata = header.pop("__metadata__", {})
    shapes = {key: _shape(file, key, entry) for key, entry in header.items()}
    return AdapterFile(file, _format_of(file, list(shapes)), shapes, _texts(file, metadata), config)


def read_json(text: str, where: str) -> dict[str, Any]:
    """Parse a JSON object that came from a file."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("a JSON object", f"{where}: {error}", "export the adapter again") from error
    if not isinstance(data, dict):
        raise InputError("a JSON object", f"{where}: {type(data).__name__}", "export the adapter again")
    return data


def _peft_config(folder: Path) -> dict[str, Any]:
    if not (folder / PEFT_CONFIG).is_file():
        raise InputError(
            f"an adapter file, or a folder with {PEFT_CONFIG}", f"{str(folder)!r} without it", "give the file itself"
        )
    if (folder / PEFT_CONFIG).stat().st_size > MAX_HEADER:
        raise InputError(f"a {PEFT_CONFIG} of at most 4 MiB", str(folder), "export the adapter again")
    return read_json((folder / PEFT_CONFIG).read_text(encoding="utf-8"), str(folder / PEFT_CONFIG))


def _read_header(file: Path) -> dict[str, Any]:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            start = stream.read(8)
            length = int.from_bytes(start, "little")
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                kind = "a pickle" if start.startswith(PICKLES) else f"{size:,} bytes with a header of {length:,}"
                raise InputError(
                    f"a safetensors file with a header of at most {MAX_HEADER:,} bytes",
                    f"{str(file)!r}, {kind}",
                    "give the file that an export wrote; pickles are never read",
                )
            text = stream.read(length).decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError("a readable adapter file", f"{str(file)!r}: {error}", "check the path") from error
    return read_json(text, f"{file}, header")


def _shape(file: Path, key: str, entry: Any) -> tuple[int, ...]:
    shape, kind = (entry.get("shape"), entry.get("dtype")) if isinstance(entry, dict) else (None, None)
    if kind not in FLOATS or not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
        raise InputError("tensors of floating-point numbers", f"{key!r} in {str(file)!r}", "export the adapter again")
    return tuple(shape)


def _format_of(file: Path, keys: list[str]) -> Format:
    for name, pattern in KEYS.items():
        if keys and pattern.fullmatch(keys[0]):
            strange = [key for key in keys if not pattern.fullmatch(key)]
            if strange:
                raise InputError(f"{name} keys of a LoRA alone", f"{strange[0]!r} in {str(file)!r}", "remove that key")
            return name
    raise InputError(
        "the keys of a LoRA of a U-Net or a transformer, spelt as diffusers, peft or kohya do",
        f"{keys[0]!r} in {str(file)!r}" if keys else f"no tensor in {str(file)!r}",
        "give a LoRA file",
    )


def _texts(file: Path, metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise InputError("a header whose entries are texts", str(file), "export the adapter again")
    return metadata
