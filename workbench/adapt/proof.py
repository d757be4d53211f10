"""Prove a written adapter: a fresh copy of the base model loads it the public way and draws the same images."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import torch

from workbench.adapt.adapter import Adapter
from workbench.adapt.attach import adapter_on
from workbench.adapt.formats import read_file
from workbench.adapt.header import Format
from workbench.errors import InputError, RefusedError
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline

Step = Literal["saved", "drawn", "loaded", "matched", "compared"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
TOLERANCE: Final = 1e-5
SAMPLING_STEPS: Final = 4
PROMPTS: Final = ('A red sign that says "HELP"', 'A blue label that says "OPEN"')
SEEDS: Final = (0, 1)
PIPELINE_LOADER: Final = "load_lora_weights"
OWN_LOADER: Final = "workbench.load_adapter"
PEFT_LOADER: Final = "PeftModel.from_pretrained"
# Who reads kohya keys of a family; the diffusers pipeline of Stable Diffusion 3 does not, ComfyUI does.
KOHYA_LOADERS: Final = {"unet": PIPELINE_LOADER, "flux": PIPELINE_LOADER, "sd3": OWN_LOADER}


def loader_of(model: Model, adapter: Adapter, kind: Format) -> str:
    """Return how a user would load an adapter of that model and format.

    Raises:
        RefusedError: nothing reads it for this family.
    """
    if kind == "peft":
        return PEFT_LOADER
    loader = KOHYA_LOADERS.get(model.family.name) if kind == "kohya" else PIPELINE_LOADER
    # The kohya reader of U-Nets splits these names at every underscore.
    misread = kind == "kohya" and model.component == "unet" and any(".add_" in name for name in adapter.layers)
    if loader is None or misread or (loader == PIPELINE_LOADER and not hasattr(model.pipeline, PIPELINE_LOADER)):
        raise RefusedError(
            f"a format that some tool reads for {model.family.name}",
            f"{kind!r} for a {type(model.pipeline).__name__}",
            "export it as peft or diffusers" if kind == "kohya" else "export it as peft",
        )
    return loader


def prove(
    model: Model, adapter: Adapter, path: Path, kind: Format, *, on_step: Callable[[Step], None] = lambda _: None
) -> dict[str, Any]:
    """Load a written adapter into a fresh copy and compare what it adds and what it draws.

    Args:
        model: the base model.
        adapter: what was written.
        path, kind: where and how it was written.
        on_step: called after each of `STEPS` but the first.

    Returns:
        `loader`, `matched` modules, `round_trip_max_difference` and `effect` (pixels in 0..1), `tolerance`, `prompts`,
        `seeds`, `steps`, `dtype`.

    Raises:
        RuntimeError: a module or an image differs.
    """
    loader, dtype = loader_of(model, adapter, kind), next(model.denoiser.parameters()).dtype
    # Types narrower than float32 round at each layer; two of their steps are as near as equal images can be told.
    tolerance = TOLERANCE if dtype is torch.float32 else 2 * torch.finfo(dtype).eps
    sampling = replace(Sampling.of(model), steps=min(SAMPLING_STEPS, Sampling.of(model).steps))
    plain = _images(model, sampling)
    with adapter_on(model, adapter):
        wanted = _images(model, sampling)
    on_step("drawn")
    twin = _fresh_copy(model)
    with _loaded(twin, path, loader):
        on_step("loaded")
        matched = _matched(twin, adapter, tolerance)
        on_step("matched")
        difference = float(np.abs(_images(twin, sampling) - wanted).max())
    on_step("compared")
    if matched != len(adapter.layers) or not difference <= tolerance:
        raise RuntimeError(
            f"{loader} of the {kind} file did not give the adapter back: {matched} of {len(adapter.layers)} modules "
            f"are right, images differ by {difference:.1e} where {tolerance:.0e} is allowed; nothing is written"
        )
    return {
        "loader": loader,
        "matched": matched,
        "round_trip_max_difference": difference,
        "effect": float(np.abs(wanted - plain).max()),
        "tolerance": tolerance,
        "prompts": list(PROMPTS),
        "seeds": list(SEEDS),
        "steps": sampling.steps,
        "dtype": str(dtype).removeprefix("torch."),
    }


def _images(model: Model, sampling: Sampling) -> np.ndarray:
    images = np.asarray(run_pipeline(model, PROMPTS, SEEDS, sampling, output_type="np"))
    if not np.isfinite(images).all():
        raise InputError("finite images", f"NaN from {model.name!r}", "use another dtype or check the weights")
    return images


def _fresh_copy(model: Model) -> Model:
    """Return the model with a copy of its denoiser; everything else is shared."""
    pipeline, denoiser = copy.copy(model.pipeline), copy.deepcopy(model.denoiser)
    setattr(pipeline, model.component, denoiser)
    return replace(model, pipeline=pipeline, denoiser=denoiser)


@contextmanager
def _loaded(twin: Model, path: Path, loader: str) -> Iterator[None]:
    assert twin.pipeline is not None
    if loader == OWN_LOADER:
        with adapter_on(twin, read_file(path, twin)):
            yield
        return
    if loader == PIPELINE_LOADER:
        twin.pipeline.load_lora_weights(path, use_safetensors=True)
    else:
        from peft import PeftModel

        PeftModel.from_pretrained(twin.denoiser, str(path))
    yield


def _matched(twin: Model, adapter: Adapter, tolerance: float) -> int:
    """Count the modules in which the loaded copy adds what the adapter adds; none if it touches any other module."""
    from peft.tuners.lora import LoraLayer

    modules = twin.denoiser.named_modules()
    loaded: dict[str, Any] = {name: module for name, module in modules if isinstance(module, LoraLayer)}
    if set(loaded) - set(adapter.layers):
        return 0
    matched = 0
    for name, layer in loaded.items():
        wanted = adapter.layers[name].delta().cpu()
        got = layer.get_delta_weight(layer.active_adapters[0]).float().cpu()
        matched += bool((got - wanted).abs().max() <= tolerance * wanted.abs().max())
    return matched
