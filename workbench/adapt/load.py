"""Read an adapter for a model, refusing whatever does not fit it."""

from __future__ import annotations

from pathlib import Path

from workbench.adapt.adapter import Adapter
from workbench.adapt.attach import check_fit
from workbench.adapt.formats import read_file
from workbench.models.model import Model


def load_adapter(path: str | Path, model: Model) -> Adapter:
    """Read an adapter that any LoRA tool wrote with diffusers, peft or kohya keys, and check it against a model.

    Args:
        path: a safetensors file, or a folder that peft wrote.
        model: the base model, or one of the same architecture; weights are not needed.

    Raises:
        InputError: no such file, a pickle, an oversized header, unknown keys, modules that the model lacks, shapes
            that do not fit them.
    """
    adapter = read_file(Path(path), model)
    check_fit(model, adapter)
    return adapter
