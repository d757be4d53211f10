"""Open a model by name, folder, hub id or live pipeline."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import torch

from workbench.errors import InputError, RefusedError
from workbench.models.cards import DEFAULT_MODEL as DEFAULT_MODEL
from workbench.models.cards import EMBEDDED as EMBEDDED
from workbench.models.cards import ModelCard as ModelCard
from workbench.models.cards import list_models as list_models
from workbench.models.family import family_of, list_families
from workbench.models.model import Defaults, Model, defaults_of
from workbench.models.refused import REFUSED

PUBLISHED_PREFIX: Final = "published:"
PICKLES: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def open_model(source: Any, *, device: str | None = None, dtype: torch.dtype | None = None) -> Model:
    """Open a text-to-image model.

    Args:
        source: an embedded name (`list_models`), a folder in `save_pretrained` format, a hub id such as
            `owner/name`, `published:NAME` (architecture without weights), a live diffusers pipeline, or an opened
            model, which is returned as it is.
        device: where to put a loaded pipeline; the GPU if there is one, else the CPU. Not for live pipelines.
        dtype: weights' type of a loaded pipeline; float32 on the CPU, bfloat16 on a GPU unless told.

    Returns:
        The handle; weights are read from safetensors only and remote code is never run.

    Raises:
        InputError: nothing of that name, or a folder that holds no usable pipeline.
        RefusedError: a model whose text attention cannot be patched.
    """
    if isinstance(source, Model):
        return source
    if not isinstance(source, (str, Path)):
        return wrap_pipeline(source)
    text = str(source)
    if text.startswith(PUBLISHED_PREFIX):
        return _open_published(text)
    if (EMBEDDED / text / "workbench.json").is_file() and "/" not in text:
        return _open_folder(EMBEDDED / text, text, device, dtype)
    if text and Path(text).is_dir():
        return _open_folder(Path(text), text, device, dtype)
    if text.count("/") != 1 or text.startswith((".", "/", "~")):
        raise _unknown(text)
    return _load(text, text, device, dtype)


def wrap_pipeline(pipeline: Any, name: str | None = None) -> Model:
    """Wrap a live diffusers pipeline, which stays the user's; nothing is moved or changed."""
    component: Literal["unet", "transformer"] = "unet" if getattr(pipeline, "unet", None) is not None else "transformer"
    denoiser = getattr(pipeline, component, None)
    if denoiser is None or not callable(pipeline):
        raise InputError(
            "a diffusers text-to-image pipeline with a `unet` or a `transformer`",
            f"{type(pipeline).__name__}",
            "pass the pipeline itself, or a name or folder of one",
        )
    family = _family_or_refuse(denoiser)
    label = name or getattr(pipeline.config, "_name_or_path", "") or type(pipeline).__name__
    return Model(label, family, denoiser, component, pipeline, defaults_of(pipeline, family))


def _family_or_refuse(denoiser: Any) -> Any:
    kind = type(denoiser).__name__
    if hasattr(denoiser, "_orig_mod"):
        raise RefusedError(
            "a denoiser that runs as written", "a compiled one, which may ignore hooks", "open it uncompiled"
        )
    family = family_of(denoiser)
    if family is not None and kind not in REFUSED:
        return family
    covered = ", ".join(sorted(cls for known in list_families() for cls in known.denoisers))
    raise RefusedError(
        f"a denoiser whose text keys and values can be reached ({covered})",
        f"{kind}: {REFUSED.get(kind, 'its attention is not described yet')}",
        "use one of these classes, or add a file to workbench/models/families",
    )


def _open_published(text: str) -> Model:
    from workbench.models.published import build_on_meta, read_published

    published = read_published(text.removeprefix(PUBLISHED_PREFIX))
    denoiser = build_on_meta(published)
    given = published.defaults
    defaults = Defaults(given["height"], given["width"], given["steps"], given["guidance"])
    return Model(text, _family_or_refuse(denoiser), denoiser, published.component, None, defaults)


def _open_folder(folder: Path, name: str, device: str | None, dtype: torch.dtype | None) -> Model:
    if not (folder / "model_index.json").is_file():
        raise InputError(
            "a pipeline folder with a model_index.json",
            f"{str(folder)!r} without one",
            "give the folder that `save_pretrained` of a diffusers pipeline wrote",
        )
    weights = [path for path in folder.rglob("*.safetensors") if path.is_file()]
    if not weights:
        pickles = [path.name for pattern in PICKLES for path in folder.rglob(pattern)]
        raise InputError(
            "weights in safetensors files",
            f"{str(folder)!r} with {', '.join(pickles[:3]) or 'no weights at all'}",
            "save the pipeline again with safe_serialization=True; pickles are never read",
        )
    model = _load(str(folder), name, device, dtype)
    if not (folder / "workbench.json").is_file():
        return model
    card = ModelCard.read(folder)
    return replace(model, defaults=Defaults(**card.defaults), note=card.note, glyph=True)


def _load(path: str, name: str, device: str | None, dtype: torch.dtype | None) -> Model:
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    kind = dtype or (torch.float32 if place == "cpu" else torch.bfloat16)
    # The muted CLIP encoders of small models see two tokens; the warning on each prompt would be noise.
    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    try:
        pipeline = DiffusionPipeline.from_pretrained(path, dtype=kind, use_safetensors=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            "a loadable diffusers pipeline with safetensors weights", f"{path!r}: {reason}", "check the name and files"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return wrap_pipeline(pipeline.to(place), name)


def _unknown(text: str) -> InputError:
    from workbench.models.published import list_published

    known = [card.name for card in list_models()] + [f"{PUBLISHED_PREFIX}{name}" for name in list_published()]
    near = get_close_matches(text, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputError(
        f"an embedded model ({', '.join(known)}), a folder or a hub id owner/name",
        repr(text),
        f"{hint}see `workbench models`",
    )
