"""The clock: steps, guidance halves, text tokens and denoiser rows of one generation."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.patch.tiny_runs import EVERY, SOURCE, STREAMS, TARGET, TWO_CALLS, from_row, latents, model_of, sites_of
from tests.tiny.encoders import TEXT_LENGTH
from workbench.hooks.clock import StepClock, timed
from workbench.patch.generate import Sampling, generate, run_pipeline
from workbench.patch.patch import patched


@EVERY
@pytest.mark.parametrize("guidance", [3.0, 1.0])
@pytest.mark.parametrize("rows", [1, 3])
def test_denoiser_rows_are_rows_times_steps_times_halves(name: str, guidance: float, rows: int) -> None:
    model = model_of(name)
    sampling = replace(Sampling.of(model), guidance=guidance, steps=3)
    made = generate(model, [SOURCE] * rows, [0] * rows, sampling)
    assert made.denoiser_rows == rows * 3 * (2 if guidance > 1 else 1)
    assert made.denoiser_rows == rows * 3 * model.rows_per_image(guidance)
    assert made.images.shape[0] == rows


@EVERY
def test_steps_and_halves(name: str) -> None:
    seen: list[tuple[int, int, bool]] = []
    latents(
        model_of(name),
        [SOURCE],
        steps=3,
        on_call=lambda clock: seen.append((clock.call, clock.step, clock.in_negative_call)),
    )
    if name in TWO_CALLS:
        assert seen == [(call, call // 2, call % 2 == 1) for call in range(6)]
    else:
        assert seen == [(call, call, False) for call in range(3)]


@pytest.mark.parametrize("name", STREAMS)
def test_text_tokens(name: str) -> None:
    seen: list[int] = []
    latents(model_of(name), [SOURCE], on_call=lambda clock: seen.append(clock.text_tokens))
    assert set(seen) == {TEXT_LENGTH + (8 if name == "auraflow" else 0)}


def test_a_clock_before_its_first_call() -> None:
    clock = StepClock(2)
    assert (clock.call, clock.step, clock.calls, clock.denoiser_rows) == (-1, -1, 0, 0)


def test_one_generation_for_one_context() -> None:
    """The clock runs on in a second generation of the same context, so steps and record entries run on too."""
    model, prompts = model_of("sd"), [TARGET, SOURCE]
    patches = {1: from_row(sites_of("sd"), 0, steps=(0, 2))}
    plain = latents(model, prompts)
    with patched(model, patches, batch=2) as clock:
        first, second = (
            run_pipeline(model, prompts, [0, 0], Sampling.of(model), output_type="latent") for _ in range(2)
        )
        assert (clock.calls, clock.step, clock.denoiser_rows) == (4, 3, 16)
    assert not torch.equal(first[1], plain[1])
    assert torch.equal(second, plain)


def test_a_new_context_has_a_new_clock() -> None:
    model, prompts = model_of("sd"), [TARGET, SOURCE]
    patches = {1: from_row(sites_of("sd"), 0, steps=(0, 1))}
    first, second = latents(model, prompts, patches), latents(model, prompts, patches)
    assert torch.equal(first, second)
    assert not torch.equal(first[1], latents(model, prompts)[1])
    with timed(model) as clock:
        latents(model, prompts)
    with timed(model) as other:
        latents(model, prompts)
    assert clock.calls == other.calls == 2


def test_cancelling_stops_at_once() -> None:
    class Cancelled(Exception):
        pass

    steps: list[int] = []

    def cancel(clock: StepClock) -> None:
        steps.append(clock.step)
        if clock.step == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        latents(model_of("sd"), [SOURCE], steps=5, on_call=cancel)
    assert steps == [0, 1]
