"""Probe: what patches do to single denoiser calls of the source run, at a small part of the cost of whole images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workbench.errors import is_out_of_memory
from workbench.hooks.clock import StepClock, timed
from workbench.hooks.forward import forward_pre_hooks
from workbench.models.model import Model
from workbench.patch.arms import Arm
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.patch import patched
from workbench.sites.site import SiteMap

TARGET_ROW, SOURCE_ROW = 0, 1


@dataclass(frozen=True)
class DenoiserCall:
    """Inputs of one denoiser call; batched ones have the target prompt in row 0 and the source prompt in row 1."""

    positional: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def sample(self) -> torch.Tensor:
        """The noisy latents."""
        sample: torch.Tensor = self.positional[0] if self.positional else self.named[self._sample_name]
        return sample

    @property
    def _sample_name(self) -> str:
        return "sample" if "sample" in self.named else "hidden_states"

    def rows(self, index: Sequence[int]) -> DenoiserCall:
        """Return the call with these of its rows, in this order."""
        count = len(self.sample)
        positional, named = (_rows(part, list(index), count) for part in (list(self.positional), self.named))
        return DenoiserCall(tuple(positional), named)

    def with_sample(self, sample: torch.Tensor) -> DenoiserCall:
        """Return the call with other noisy latents."""
        if self.positional:
            return DenoiserCall((sample, *self.positional[1:]), self.named)
        return DenoiserCall((), {**self.named, self._sample_name: sample})


def _rows(value: Any, index: list[int], count: int) -> Any:
    """Select rows of whatever has one entry per row; position tables and scalars have not."""
    if isinstance(value, torch.Tensor):
        return value[index] if value.ndim and len(value) == count else value
    if isinstance(value, dict):
        return {name: _rows(part, index, count) for name, part in value.items()}
    if isinstance(value, list):
        per_row = len(value) == count and not any(isinstance(part, torch.Tensor) for part in value)
        return [value[row] for row in index] if per_row else [_rows(part, index, count) for part in value]
    return value


class _Captured(Exception):
    """Raised to leave the pipeline once the last probe is there."""


def capture_calls(
    model: Model,
    prompts: tuple[str, str],
    seed: int,
    sampling: Sampling,
    steps: Sequence[int],
    *,
    on_call: Callable[[StepClock], None] | None = None,
) -> tuple[list[DenoiserCall], int]:
    """Generate source and target up to the last of these steps and keep the denoiser's inputs there.

    Args:
        model: an opened model with weights.
        prompts: source and target prompt.
        seed: of the noise that both share.
        sampling: steps, guidance and size.
        steps: loop indices, rising.
        on_call: called at each denoiser call; it may raise to cancel.

    Returns:
        For each step the call of the prompts' own rows, without the negative half of guidance, and the denoiser rows
        that were evaluated.
    """
    calls: list[DenoiserCall] = []
    with timed(model, calls_per_step=model.calls_per_step(sampling.guidance), on_call=on_call) as clock:

        def keep(_: nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
            if clock.step not in steps or clock.in_negative_call:
                return
            call = DenoiserCall(positional, named)
            positive = len(call.sample) - len(prompts)
            calls.append(call.rows([positive + TARGET_ROW, positive + SOURCE_ROW]))
            if len(calls) == len(steps):
                # This call has been counted and will not be made.
                clock.denoiser_rows -= len(call.sample)
                raise _Captured

        source, target = prompts
        with forward_pre_hooks([(model.denoiser, keep)]), suppress(_Captured):
            run_pipeline(model, [target, source], [seed, seed], sampling, output_type="latent")
    return calls, clock.denoiser_rows


@torch.no_grad()
def predict_arms(
    model: Model,
    sites: SiteMap,
    call: DenoiserCall,
    arms: Sequence[Arm],
    *,
    max_rows: int = 32,
    on_call: Callable[[StepClock], None] | None = None,
) -> tuple[torch.Tensor, int]:
    """Run the denoiser on the source row of a call, once for each arm, all at the source's noisy latents.

    Args:
        model: an opened model with weights.
        sites: the model's sites.
        call: see `capture_calls`.
        arms: interventions; their steps must include the first.
        max_rows: rows of one forward pass, halved when memory runs out.
        on_call: called at each forward pass; it may raise to cancel.

    Returns:
        Predictions [arm, ...] in float32 and the denoiser rows evaluated. Models that predict a variance as well
        give it after the prediction proper; it is left out.
    """
    if len(arms) > max(1, max_rows - 1):
        return _in_halves(model, sites, call, arms, max_rows, on_call)
    batch = 1 + len(arms)
    arranged = call.rows([TARGET_ROW] + [SOURCE_ROW] * len(arms))
    arranged = arranged.with_sample(call.sample[[SOURCE_ROW] * batch])
    patches = {row: arm.patches(sites, TARGET_ROW) for row, arm in enumerate(arms, start=1) if arm.sites}
    try:
        with patched(model, patches, batch=batch, on_call=on_call):
            predicted = model.denoiser(*arranged.positional, **arranged.named)[0]
    except (RuntimeError, MemoryError) as error:
        if len(arms) < 2 or not is_out_of_memory(error):
            raise
        torch.cuda.empty_cache()
    else:
        return predicted[1:, : call.sample.shape[1]].float(), batch
    return _in_halves(model, sites, call, arms, max_rows, on_call)


def _in_halves(
    model: Model,
    sites: SiteMap,
    call: DenoiserCall,
    arms: Sequence[Arm],
    max_rows: int,
    on_call: Callable[[StepClock], None] | None,
) -> tuple[torch.Tensor, int]:
    middle = len(arms) // 2
    halves = (arms[:middle], arms[middle:])
    parts = [predict_arms(model, sites, call, half, max_rows=max_rows, on_call=on_call) for half in halves]
    return torch.cat([predicted for predicted, _ in parts]), sum(rows for _, rows in parts)
