"""What a localisation will cost, known before it starts and without running the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import torch
from torch import nn

from workbench.hooks.forward import forward_hooks
from workbench.localize.screen import screening_rows
from workbench.localize.settings import Settings
from workbench.localize.stages import NESTED_SIZES, detail_arms, single_arms
from workbench.models.model import Model
from workbench.patch.arms import plan_batches
from workbench.patch.generate import Sampling
from workbench.sites.site import SiteMap


@dataclass(frozen=True)
class Forecast:
    """Expected cost; the number of later arms depends on the ranking, so it is an upper estimate.

    Args:
        images: images to generate and read.
        denoiser_rows: denoiser forwards of one batch row.
        weight_bytes: bytes of the pipeline's weights as loaded; of the denoiser alone for `published:` models,
            taken as 2 bytes a parameter there.
        row_bytes: rough bytes of activations of one row, from the widest layer of a dry forward.
        seconds: expected seconds, where the speed has been measured.
    """

    images: int
    denoiser_rows: int
    weight_bytes: int
    row_bytes: int
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def __repr__(self) -> str:
        time = "" if self.seconds is None else f", about {self.seconds / 60:.1f} minutes"
        memory = (self.weight_bytes + self.row_bytes) / 2**30
        return (
            f"Forecast({self.images:,} images, {self.denoiser_rows:,} denoiser rows{time}; "
            f"{memory:.2f} GiB for one row, {self.row_bytes / 2**20:.1f} MiB for each further one)"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"


def forecast(model: Model, sites: SiteMap, settings: Settings) -> Forecast:
    """Forecast the cost of `localize` with these settings."""
    screening = screening_rows(settings, model) if settings.screen else 0
    if settings.screen:
        settings = settings.trying(settings.sites[: settings.screen])
    every = range(len(sites))
    heads = [sites[index].heads for index in settings.sites]
    first = [*single_arms(settings, every), *detail_arms(settings, heads)]
    nested = sum(1 < size < len(settings.sites) for size in NESTED_SIZES)
    later = nested + 2 + settings.random_sets + 1
    count = (len(settings.pairs), settings.seeds)
    batches = [*plan_batches("first", first, *count, settings.max_rows)]
    # The later arms run in three stages, each with a target row of its own.
    rows = sum(batch.rows for batch in batches) + len(settings.pairs) * len(settings.seeds) * (later + 3)
    images = len(settings.pairs) * len(settings.seeds) * (len(first) + later)
    per_image = settings.sampling.steps * model.rows_per_image(settings.sampling.guidance)
    return Forecast(images, screening + rows * per_image, weight_bytes(model), row_bytes(model, settings.sampling))


def weight_bytes(model: Model) -> int:
    """Return the bytes of the weights, 2 a parameter where there are none yet."""
    if model.pipeline is None:
        return 2 * model.total_parameters
    modules = [item for item in model.pipeline.components.values() if isinstance(item, nn.Module)]
    return sum(parameter.nbytes for module in modules for parameter in module.parameters())


def row_bytes(model: Model, sampling: Sampling) -> int:
    """Return a rough number of bytes of activations of one row, both guidance halves.

    The largest output of a single module in a dry forward on the meta device, scaled from the dry forward's
    tokens to those of the image, times four (input, output, and two intermediates of a layer).
    """
    denoiser: Any = model.denoiser
    with torch.device("meta"):
        twin = type(denoiser).from_config(denoiser.config).eval()
    inputs = model.family.dry_inputs(twin)
    sample: torch.Tensor = inputs["sample"] if "sample" in inputs else inputs["hidden_states"]
    widest = 0

    def watch(_: nn.Module, __: Any, output: Any) -> None:
        nonlocal widest
        if isinstance(output, torch.Tensor):
            widest = max(widest, output.numel() // len(output))

    with torch.no_grad(), forward_hooks([(module, watch) for module in twin.modules()]):
        twin(**inputs)
    dry = sample[0].numel() / denoiser.config.in_channels
    real = _latent_positions(model, sampling)
    size = 2 if model.pipeline is None else next(denoiser.parameters()).element_size()
    return int(4 * widest * size * max(1.0, real / dry) * model.rows_per_image(sampling.guidance))


def _latent_positions(model: Model, sampling: Sampling) -> float:
    height = sampling.height or _default_side(model)
    width = sampling.width or _default_side(model)
    pixel_model = (model.pipeline is None and _config(model).in_channels == 3) or not _has_vae(model)
    scale = 1 if pixel_model else getattr(model.pipeline, "vae_scale_factor", 8)
    packed = 4 if model.family.name == "flux" else 1
    return height * width / scale**2 / packed


def _config(model: Model) -> Any:
    return model.denoiser.config


def _has_vae(model: Model) -> bool:
    return model.pipeline is None or getattr(model.pipeline, "vae", None) is not None


def _default_side(model: Model) -> int:
    side = getattr(_config(model), "sample_size", None) or 128
    side = max(side) if isinstance(side, (list, tuple)) else side
    scale = getattr(model.pipeline, "vae_scale_factor", 8) if _has_vae(model) else 1
    return int(side) * int(scale)
