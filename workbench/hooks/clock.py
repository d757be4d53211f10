"""Count denoiser calls, so that hooks know step and guidance half, and cost is measured, not guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workbench.hooks.forward import forward_pre_hooks
from workbench.models.model import Model


@dataclass
class StepClock:
    """Where a generation stands.

    Args:
        calls_per_step: denoiser calls of one denoising step.
        text_tokens: text tokens of the running call, those that the denoiser adds itself included.
        calls: denoiser calls begun so far.
        denoiser_rows: batch rows the denoiser has evaluated so far.
    """

    calls_per_step: int = 1
    text_tokens: int = 0
    calls: int = 0
    denoiser_rows: int = 0

    @property
    def call(self) -> int:
        """Number of the running denoiser call, from 0."""
        return self.calls - 1

    @property
    def step(self) -> int:
        """Loop index of the running denoising step, from 0; not the scheduler's timestep."""
        return self.call // self.calls_per_step

    @property
    def in_negative_call(self) -> bool:
        """Whether the running call holds the negative prompts only."""
        return self.call % self.calls_per_step == 1


def keep_time(
    model: Model, clock: StepClock, on_call: Callable[[StepClock], None] | None = None
) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]:
    """Return the pre-hook that moves the clock; `on_call` may raise to cancel the generation."""
    extra = model.family.extra_text_tokens(model.denoiser.config)

    def tick(_: nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        clock.calls += 1
        sample: Any = positional[0] if positional else named.get("hidden_states", named.get("sample"))
        clock.denoiser_rows += len(sample)
        text = named.get("encoder_hidden_states")
        clock.text_tokens = text.shape[1] + extra if isinstance(text, torch.Tensor) else 0
        if on_call is not None:
            on_call(clock)

    return tick


@contextmanager
def timed(
    model: Model, *, calls_per_step: int = 1, on_call: Callable[[StepClock], None] | None = None
) -> Iterator[StepClock]:
    """Keep a clock on the denoiser while the block runs one generation."""
    clock = StepClock(calls_per_step)
    with forward_pre_hooks([(model.denoiser, keep_time(model, clock, on_call))]):
        yield clock
