"""Put an adapter on a model for the length of a block; whatever ends the block, the model is as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import torch

from workbench.adapt.adapter import Adapter, LowRank
from workbench.adapt.targets import Target, linear_module
from workbench.errors import InputError, RefusedError
from workbench.models.model import Model

NAME: Final = "workbench"


@contextmanager
def adapter_on(model: Model, adapter: Adapter, *, scale: float = 1.0) -> Iterator[Model]:
    """Let the model generate with an adapter while the block runs.

    Args:
        model: an opened model with weights.
        adapter: the adapter; `stack_adapters` makes one of several.
        scale: multiple of its strength.

    Raises:
        InputError: the adapter does not fit the model.
        RefusedError: the model has adapters of its own, or no weights.
    """
    check_fit(model, adapter)
    scaled = adapter.scaled(scale)
    with attached(model, scaled.targets) as layers:
        with torch.no_grad():
            for name, layer in layers.items():
                layer.lora_A[NAME].weight.copy_(scaled.layers[name].down)
                layer.lora_B[NAME].weight.copy_(scaled.layers[name].up)
        yield model


@contextmanager
def attached(model: Model, targets: Sequence[Target], *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Put untrained low-rank layers on exactly these modules and yield them by module name.

    A fresh layer adds nothing: `up` starts at zero, `down` Gaussian. The layers are float32 whatever the base is.

    Raises:
        InputError: a module that the model lacks.
        RefusedError: the model has adapters of its own, or no weights.
        RuntimeError: peft matched other modules than were asked for.
    """
    from diffusers.utils.peft_utils import recurse_remove_peft_layers
    from peft import LoraConfig, inject_adapter_in_model

    require_plain(model, targets)
    denoiser: Any = model.denoiser
    trainable = [(parameter, parameter.requires_grad) for parameter in denoiser.parameters()]
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            config = LoraConfig(**lora_settings(targets), init_lora_weights="gaussian")
            inject_adapter_in_model(config, denoiser, NAME)
        layers = _matched(model, targets)
        for layer in layers.values():
            layer.lora_A.float()
            layer.lora_B.float()
        yield layers
    finally:
        recurse_remove_peft_layers(denoiser)
        if hasattr(denoiser, "peft_config"):
            del denoiser.peft_config
        for parameter, flag in trainable:
            parameter.requires_grad_(flag)


def lora_settings(targets: Sequence[Target]) -> dict[str, Any]:
    """Return the peft settings, as plain data, that match these modules, each with its own rank and alpha."""
    return {
        "r": targets[0].rank,
        "lora_alpha": targets[0].alpha,
        "target_modules": [target.module for target in targets],
        "rank_pattern": {f"^{target.module}": target.rank for target in targets},
        "alpha_pattern": {f"^{target.module}": target.alpha for target in targets},
    }


def require_plain(model: Model, targets: Sequence[Target]) -> None:
    """Raise unless the model has weights, no adapters of its own, and every target."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    model.require_weights()
    if any(isinstance(module, BaseTunerLayer) for module in model.denoiser.modules()):
        raise RefusedError(
            "a model without adapters of its own",
            f"{model.name!r} with some",
            "call `unload_lora_weights()` or fuse them first; several adapters can be put on as one `stack_adapters`",
        )
    if not targets or len({target.module for target in targets}) != len(targets):
        raise InputError("at least one module, each once", f"{len(targets)} targets", "choose sites and projections")
    for target in targets:
        linear_module(model, target.module)


def check_fit(model: Model, adapter: Adapter) -> None:
    """Raise unless every module of the adapter is there with the same width."""
    if adapter.component != model.component:
        raise InputError(f"an adapter for a {model.component}", f"one for a {adapter.component}", "open its base model")
    for name, layer in adapter.layers.items():
        check_shape(model, name, layer)


def check_shape(model: Model, name: str, layer: LowRank) -> None:
    """Raise unless an addition fits the module it is for."""
    module = linear_module(model, name)
    right = layer.down.shape[1] == module.in_features and layer.up.shape[0] == module.out_features
    if not right or layer.up.shape[1] != layer.rank:
        raise InputError(
            f"{name} with down [rank, {module.in_features}] and up [{module.out_features}, rank]",
            f"{list(layer.down.shape)} and {list(layer.up.shape)}",
            "open the model that the adapter was trained on",
        )


def _matched(model: Model, targets: Sequence[Target]) -> dict[str, Any]:
    from peft import get_model_status
    from peft.tuners.tuners_utils import BaseTunerLayer

    modules = model.denoiser.named_modules()
    found: dict[str, Any] = {name: module for name, module in modules if isinstance(module, BaseTunerLayer)}
    status = get_model_status(model.denoiser)
    if set(found) != {target.module for target in targets} or status.num_adapter_layers != len(targets):
        raise RuntimeError(f"peft matched {status.num_adapter_layers} modules where {len(targets)} were asked for")
    for target in targets:
        layer = found[target.module]
        if (layer.r[NAME], layer.lora_alpha[NAME]) != (target.rank, target.alpha):
            raise RuntimeError(f"peft gave {target.module} rank {layer.r[NAME]} and alpha {layer.lora_alpha[NAME]}")
    return found
