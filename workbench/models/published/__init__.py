"""Full-size denoisers of published text-to-image models, built on torch's meta device without any weights.

One JSON file per model holds the constructor arguments of the stock diffusers class. Modules, their names and the
shapes of their parameters are real; the values are not there, so nothing can be generated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import torch

from workbench.errors import InputError

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Published:
    """The architecture of a published model.

    Args:
        name: file name without `.json`, such as `sdxl`.
        pipeline: name of the stock diffusers pipeline class.
        denoiser_class: name of the stock diffusers class of the denoiser.
        component: the denoiser's name in the pipeline, `unet` or `transformer`.
        config: constructor arguments of the denoiser class.
        defaults: `height` and `width` in pixels, `steps`, `guidance` (strength of classifier-free guidance; at most 1
            means none, one denoiser row per image) and `text_tokens` that reach the attention per prompt; with an
            embedded guidance also `distilled_guidance`, the value fed to the denoiser.
        source: hub id of the model.
    """

    name: str
    pipeline: str
    denoiser_class: str
    component: Literal["unet", "transformer"]
    config: dict[str, Any]
    defaults: dict[str, Any]
    source: str


def list_published() -> list[str]:
    """Return the names of the published architectures, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read_published(name: str) -> Published:
    """Read one published architecture; every call returns its own copy.

    Args:
        name: one of `list_published`, without the prefix `published:`.

    Raises:
        InputError: no architecture of that name.
    """
    known = list_published()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"a published architecture ({', '.join(known)})",
            repr(name),
            f"{hint}take one of these names as published:NAME",
        )
    card = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Published(name=name, denoiser_class=card.pop("denoiser"), **card)


def build_on_meta(published: Published) -> torch.nn.Module:
    """Build the denoiser with every parameter and buffer on the meta device; takes seconds and hardly any memory.

    Fixed position tables are buffers and lose their values too. A forward with meta inputs works and gives shapes.

    Returns:
        The stock diffusers module in evaluation mode, parameters float32.

    Raises:
        InputError: the installed diffusers lacks the class, or the class does not accept the configuration.
    """
    import diffusers

    kind = getattr(diffusers, published.denoiser_class, None)
    if kind is None:
        raise InputError(
            f"diffusers with {published.denoiser_class}",
            f"diffusers {diffusers.__version__} without it",
            "install a diffusers version that has it",
        )
    try:
        # The constructor itself, not `from_config`: that one drops arguments it does not know.
        with torch.device("meta"):
            module: torch.nn.Module = kind(**published.config)
    except TypeError as error:
        raise InputError(
            f"constructor arguments of {published.denoiser_class}",
            f"{published.name}: {error}",
            f"correct {published.name}.json for diffusers {diffusers.__version__}",
        ) from error
    return module.eval()
