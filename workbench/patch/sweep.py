"""Run a row plan: source, target and patched rows of a pair share one noise and one batched generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd
import torch

from workbench.errors import is_out_of_memory
from workbench.hooks.bridge import is_bridge
from workbench.hooks.clock import StepClock
from workbench.models.model import Model
from workbench.patch.arms import Arm, RowBatch, plan_batches
from workbench.patch.generate import Sampling, generate
from workbench.sites.site import SiteMap

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

    from workbench.patch.hook_result import HookSweep
    from workbench.patch.hook_sweep import Question


@dataclass(frozen=True)
class BatchResult:
    """The images of a batch, uint8 RGB [height, width, 3] by arm key, and the denoiser rows they cost."""

    images: dict[str, np.ndarray]
    denoiser_rows: int


def run_batch(
    model: Model,
    sites: SiteMap,
    batch: RowBatch,
    prompts: tuple[str, str],
    sampling: Sampling,
    *,
    on_call: Callable[[StepClock], None] | None = None,
) -> BatchResult:
    """Generate one batch; when it does not fit the memory, its halves one after the other.

    Args:
        model: an opened model with weights.
        sites: the model's sites.
        batch: arms, pair and seed.
        prompts: source and target prompt of the pair.
        sampling: steps, guidance and size.
        on_call: called at each denoiser call; it may raise to cancel.
    """
    source, target = prompts
    rows = [arm for arm in batch.arms if not arm.target]
    patches = {row: arm.patches(sites, source_row=0) for row, arm in enumerate(rows, start=1) if arm.sites}
    everyone = [target, *[source] * len(rows)]
    try:
        made = generate(model, everyone, [batch.seed] * len(everyone), sampling, patches=patches, on_call=on_call)
    except (RuntimeError, MemoryError) as error:
        if len(batch.arms) < 2 or not is_out_of_memory(error):
            raise
        torch.cuda.empty_cache()
    else:
        images = {arm.key: image for arm, image in zip(rows, made.images[1:], strict=True)}
        if len(rows) < len(batch.arms):
            images["target"] = made.images[0]
        return BatchResult(images, made.denoiser_rows)
    parts = [run_batch(model, sites, half, prompts, sampling, on_call=on_call) for half in batch.halves()]
    return BatchResult(parts[0].images | parts[1].images, sum(part.denoiser_rows for part in parts))


@dataclass(frozen=True)
class SweepResult:
    """Images of a sweep, uint8 RGB [height, width, 3] by (pair, seed, arm key)."""

    images: dict[tuple[int, int, str], np.ndarray]
    denoiser_rows: int

    def to_dataframe(self) -> pd.DataFrame:
        """Return one line per image: pair, seed, arm and mean absolute difference to the source, in grey levels."""
        lines = []
        for (pair, seed, arm), image in self.images.items():
            source = self.images.get((pair, seed, "source"))
            change = float("nan") if source is None else float(np.abs(image.astype(int) - source.astype(int)).mean())
            lines.append({"pair": pair, "seed": seed, "arm": arm, "change": change})
        return pd.DataFrame(lines)

    def save(self, path: str | Path) -> None:
        """Write images and cost as one compressed NumPy archive."""
        named = {"|".join(map(str, key)): image for key, image in self.images.items()}
        np.savez_compressed(path, denoiser_rows=np.array(self.denoiser_rows), **named)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> SweepResult:
        """Read a result that `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            images = {}
            for name in data.files:
                if "|" in name:
                    pair, seed, arm = name.split("|", 2)
                    images[int(pair), int(seed), arm] = data[name]
            return cls(images, int(data["denoiser_rows"]))

    def __repr__(self) -> str:
        return f"SweepResult({len(self.images)} images, {self.denoiser_rows} denoiser rows)"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_dataframe().to_html(index=False, escape=True)


@overload
def sweep(
    model: Model,
    pairs: Sequence[tuple[str, str]],
    sites: SiteMap,
    arms: Sequence[Arm],
    *,
    seeds: Sequence[int] = (0,),
    sampling: Sampling | None = None,
    max_rows: int = 32,
) -> SweepResult: ...
@overload
def sweep(
    model: TransformerBridge,
    pairs: Sequence[tuple[str, str]],
    hooks: Sequence[str],
    question: Question,
    /,
    *,
    positions: Sequence[int] | None = None,
    max_rows: int = 32,
) -> HookSweep: ...
def sweep(
    model: Model | TransformerBridge, pairs: Sequence[tuple[str, str]], sites: Any, arms: Any, **options: Any
) -> SweepResult | HookSweep:
    """Run interventions over pairs, those of one pair together in few batches.

    With a diffusion model, arms over prompt pairs and seeds, all images kept in memory. With a TransformerLens bridge,
    activation patching (Meng et al., arXiv 2202.05262): each hook and position of the corrupted run gets what the
    clean run has there, which is another row of the same batch.

    Args:
        model: an opened model with weights, or a bridge.
        pairs: (source prompt, target prompt), or (clean text, corrupted text) with equally many tokens.
        sites: the model's sites, or names of the bridge's hooks.
        arms: interventions to compare, or the `Question` that the bridge answers.
        seeds: of a diffusion model, one noise each, shared by all arms of a pair.
        sampling: of a diffusion model, its defaults unless given.
        positions: of a bridge, token positions from 0; every position of each hook unless given.
        max_rows: rows of one generation, which is halved by itself when memory runs out, or of one forward pass.

    Raises:
        InputError: texts of a pair that are equal or differ in their number of tokens, or hooks or positions that do
            not exist or never run.
        RefusedError: a hook of a bridge where a change is discarded or also reaches other rows.
    """
    if is_bridge(model):
        from workbench.patch.hook_sweep import sweep_hooks

        return sweep_hooks(model, pairs, sites, arms, **options)
    return _sweep_sites(model, pairs, sites, arms, **options)


def _sweep_sites(
    model: Model,
    pairs: Sequence[tuple[str, str]],
    sites: SiteMap,
    arms: Sequence[Arm],
    *,
    seeds: Sequence[int] = (0,),
    sampling: Sampling | None = None,
    max_rows: int = 32,
) -> SweepResult:
    images: dict[tuple[int, int, str], np.ndarray] = {}
    cost = 0
    for batch in plan_batches("sweep", arms, len(pairs), seeds, max_rows):
        done = run_batch(model, sites, batch, pairs[batch.pair], sampling or Sampling.of(model))
        images |= {(batch.pair, batch.seed, arm): image for arm, image in done.images.items()}
        cost += done.denoiser_rows
    return SweepResult(images, cost)
