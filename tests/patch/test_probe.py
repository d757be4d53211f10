"""Probes see what the pipeline's own denoiser calls see, patched as whole generations are, in every family."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.patch.tiny_runs import EVERY, SOURCE, TARGET, model_of, sites_of
from workbench.hooks.forward import forward_hooks
from workbench.models.model import Model
from workbench.patch.arms import SOURCE as UNPATCHED
from workbench.patch.arms import Arm
from workbench.patch.generate import Sampling, run_pipeline
from workbench.patch.probe import SOURCE_ROW, TARGET_ROW, DenoiserCall, capture_calls, predict_arms

STEPS = (0, 1)


def calls_of(name: str, prompts: tuple[str, str] = (SOURCE, TARGET)) -> list[DenoiserCall]:
    model = model_of(name)
    return capture_calls(model, prompts, 0, Sampling.of(model), STEPS)[0]


def own_predictions(model: Model) -> list[torch.Tensor]:
    """What the pipeline's denoiser predicts for the source prompt at each step."""
    seen: list[torch.Tensor] = []

    def keep(_: Any, __: Any, output: Any) -> None:
        seen.append(output[0])

    sampling = Sampling.of(model)
    with forward_hooks([(model.denoiser, keep)]):
        run_pipeline(model, [TARGET, SOURCE], [0, 0], sampling, output_type="latent")
    return [output[-1] for output in seen[:: model.calls_per_step(sampling.guidance)]]


@EVERY
def test_the_unpatched_arm_predicts_what_the_pipeline_predicts(name: str) -> None:
    model = model_of(name)
    for call, own in zip(calls_of(name), own_predictions(model), strict=True):
        predicted, _ = predict_arms(model, sites_of(name), call, [UNPATCHED])
        own = own[: predicted.shape[1]]
        torch.testing.assert_close(predicted[0], own.float(), rtol=1e-4, atol=1e-4)


@EVERY
def test_equal_prompts_change_no_prediction(name: str) -> None:
    every = Arm(tuple(range(len(sites_of(name)))))
    call = calls_of(name, (SOURCE, SOURCE))[-1]
    predicted, _ = predict_arms(model_of(name), sites_of(name), call, [UNPATCHED, every, Arm((0,))])
    assert torch.equal(predicted[0], predicted[1]) and torch.equal(predicted[0], predicted[2])


@EVERY
def test_all_sites_change_the_prediction_and_chunks_do_not(name: str) -> None:
    model, sites = model_of(name), sites_of(name)
    arms = [UNPATCHED, Arm(tuple(range(len(sites)))), Arm((0,)), Arm((len(sites) - 1,))]
    call = calls_of(name)[0]
    whole, rows = predict_arms(model, sites, call, arms)
    parts, more = predict_arms(model, sites, call, arms, max_rows=3)
    assert (rows, more) == (5, 6)
    assert not torch.equal(whole[0], whole[1])
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-4)


def test_all_sites_of_a_unet_give_the_targets_own_prediction() -> None:
    model, sites, call = model_of("sd"), sites_of("sd"), calls_of("sd")[1]
    everything, _ = predict_arms(model, sites, call, [Arm(tuple(range(len(sites))))])
    alone = call.rows([TARGET_ROW]).with_sample(call.sample[[SOURCE_ROW]])
    with torch.no_grad():
        target = model.denoiser(*alone.positional, **alone.named)[0]
    torch.testing.assert_close(everything[0], target[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["sd", "flux"])
def test_the_pipeline_is_left_after_the_last_probe(name: str) -> None:
    model = model_of(name)
    calls, rows = capture_calls(model, (SOURCE, TARGET), 0, Sampling.of(model), (1,))
    assert len(calls) == 1
    assert rows == 4  # both prompts and both halves at step 0; the probed call itself is not made
    assert len(calls[0].sample) == 2


def test_a_cancelled_capture_leaves_no_hook() -> None:
    model = model_of("sd3")

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        capture_calls(model, (SOURCE, TARGET), 0, Sampling.of(model), STEPS, on_call=stop)
    modules = list(model.denoiser.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)


def test_when_memory_runs_out_the_arms_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sites, call = model_of("sd"), sites_of("sd"), calls_of("sd")[0]
    arms = [UNPATCHED, Arm((0,)), Arm((1,)), Arm((2,))]
    whole, _ = predict_arms(model, sites, call, arms)
    forward = model.denoiser.forward

    def narrow(sample: torch.Tensor, *rest: Any, **named: Any) -> Any:
        if len(sample) > 3:
            raise torch.OutOfMemoryError("too wide")
        return forward(sample, *rest, **named)

    monkeypatch.setattr(model.denoiser, "forward", narrow)
    halved, rows = predict_arms(model, sites, call, arms)
    assert rows == 6
    torch.testing.assert_close(halved, whole, rtol=1e-4, atol=1e-4)
