"""Spell an adapter's keys and strengths as diffusers, peft and kohya tools do, and read them back.

diffusers and peft keep alpha in a header or a configuration; kohya files hold one `alpha` tensor per module.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from workbench.adapt.adapter import Adapter, LowRank
from workbench.adapt.attach import lora_settings
from workbench.adapt.header import (
    DIFFUSERS_KEY,
    EVIDENCE_KEY,
    KEYS,
    PEFT_WEIGHTS,
    AdapterFile,
    Format,
    inspect_adapter,
    read_json,
)
from workbench.errors import InputError
from workbench.files import write_whole
from workbench.models.model import Model

NAME: Final = re.compile(r"[\w.]+")
SIDES: Final = {"A": "down", "lora_down.weight": "down", "B": "up", "lora_up.weight": "up", "alpha": "alpha"}


def write_file(adapter: Adapter, path: Path, kind: Format) -> None:
    """Write an adapter: one file, or for peft a folder with its configuration; the name appears when all is written."""
    from peft import LoraConfig
    from safetensors.torch import save

    evidence = json.dumps({**adapter.evidence, "component": adapter.component, "targets": list(adapter.layers)})
    metadata = {"format": "pt", EVIDENCE_KEY: evidence}
    if kind == "diffusers":
        settings = lora_settings(adapter.targets)
        metadata[DIFFUSERS_KEY] = json.dumps({f"{adapter.component}.{key}": value for key, value in settings.items()})
    file = path
    if kind == "peft":
        LoraConfig(**lora_settings(adapter.targets)).save_pretrained(str(path))
        file = path / PEFT_WEIGHTS
    write_whole(file, save(_tensors(adapter, kind), metadata))


def read_file(path: Path, model: Model | None = None) -> Adapter:
    """Read an adapter in any of the three spellings.

    Args:
        path: a file, or a folder that peft wrote.
        model: the base model. Files of other tools need it where the spelling leaves it open: kohya tools write
            underscores for dots, and peft does not name the component.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = inspect_adapter(path)
    try:
        tensors = load_file(file.path)
    except SafetensorError as error:
        raise InputError("an undamaged safetensors file", f"{str(path)!r}: {error}", "export it again") from error
    names = _full_names(file, model)
    found: dict[str, dict[str, torch.Tensor]] = {}
    component = model.component if model else file.evidence.get("component", "")
    for key, tensor in tensors.items():
        match = KEYS[file.format].fullmatch(key)
        assert match is not None  # inspect_adapter let no other key pass
        component = match.groupdict().get("component", component)
        found.setdefault(names.get(match["module"], match["module"]), {})[SIDES[match["side"]]] = tensor
    settings = _settings(file, component)
    layers = {name: _layer(file, name, sides, settings) for name, sides in sorted(found.items())}
    return Adapter(component, layers, file.evidence)


def _tensors(adapter: Adapter, kind: Format) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    if kind == "kohya":
        # The diffusers reader gives every module the most common alpha of a file, so all get the same one here and
        # what is left of each strength goes into the weights.
        common = Counter(layer.alpha for layer in adapter.layers.values()).most_common(1)[0][0]
        for name, layer in adapter.layers.items():
            key = f"lora_{adapter.component}_{name.replace('.', '_')}"
            tensors[f"{key}.lora_down.weight"] = layer.down
            tensors[f"{key}.lora_up.weight"] = layer.up * (layer.alpha / common)
            tensors[f"{key}.alpha"] = torch.tensor(common)
    else:
        prefix = adapter.component if kind == "diffusers" else "base_model.model"
        for name, layer in adapter.layers.items():
            tensors[f"{prefix}.{name}.lora_A.weight"] = layer.down
            tensors[f"{prefix}.{name}.lora_B.weight"] = layer.up
    return {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}


def _full_names(file: AdapterFile, model: Model | None) -> dict[str, str]:
    """Return the module names that kohya keys flatten, by their flat spelling."""
    if file.format != "kohya":
        return {}
    if model is not None:
        names = [name for name, module in model.denoiser.named_modules() if isinstance(module, nn.Linear)]
    else:
        stated = file.evidence.get("targets")
        names = [name for name in stated if isinstance(name, str)] if isinstance(stated, list) else []
    flat = {name.replace(".", "_"): name for name in names}
    unknown = sorted(set(file.ranks) - set(flat))
    if unknown:
        raise InputError(
            f"linear modules of {model.name!r}" if model else "a kohya file that this package wrote, or its model too",
            f"{unknown[0]!r} in {str(file.path)!r}",
            "open the adapter with its base model: `load_adapter(path, model)`",
        )
    return flat


def _settings(file: AdapterFile, component: str) -> Mapping[str, Any]:
    """Return the peft configuration that says how strong modules are; empty where the file has none."""
    config: Mapping[str, Any] = file.config
    if file.format == "diffusers":
        stored = read_json(file.metadata.get(DIFFUSERS_KEY, "{}"), f"{file.path}, entry {DIFFUSERS_KEY!r}")
        config = {key.removeprefix(f"{component}."): value for key, value in stored.items()}
    unlike = [name for name in ("use_rslora", "use_dora", "lora_bias", "fan_in_fan_out") if config.get(name)]
    if unlike:
        raise InputError("a plain LoRA", f"{', '.join(unlike)} in {str(file.path)!r}", "load it with peft")
    return config


def _layer(file: AdapterFile, name: str, sides: dict[str, torch.Tensor], config: Mapping[str, Any]) -> LowRank:
    down, up = sides.get("down"), sides.get("up")
    if down is None or up is None or down.ndim != 2 or up.ndim != 2 or up.shape[1] != down.shape[0]:
        shapes = {side: list(tensor.shape) for side, tensor in sides.items()}
        raise InputError(
            f"{name} with down [rank, in] and up [out, rank]", f"{shapes} in {str(file.path)!r}", "export it again"
        )
    alpha = sides["alpha"].item() if "alpha" in sides else _alpha(name, config, down.shape[0])
    if not isinstance(alpha, (int, float)) or not 0 < alpha < float("inf"):
        raise InputError(f"an alpha above 0 for {name}", f"{alpha!r} in {str(file.path)!r}", "export it again")
    return LowRank(down.float(), up.float(), float(alpha))


def _alpha(name: str, config: Mapping[str, Any], rank: int) -> Any:
    """Return a module's own alpha, else the common one, else its rank, as peft does.

    Patterns are compared as names: an expression out of a file that a stranger wrote is not run.
    """
    patterns = config.get("alpha_pattern") or {}
    for pattern, alpha in patterns.items():
        plain = pattern.removeprefix("^").replace("\\", "")
        if not NAME.fullmatch(plain):
            raise InputError("alpha patterns that are module names", repr(pattern), "export the adapter again")
        if f".{name}".endswith(f".{plain}"):
            return alpha
    return config.get("lora_alpha", rank)
