"""Training: only the found sites change, a resumed training equals an unbroken one, the model stays as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.adapt.materials import PROMPT, Snapshot, batches, found_set, fresh_model
from workbench import (
    AdapterSettings,
    AdapterTraining,
    InputError,
    RefusedError,
    find_sites,
    inspect_adapter,
    resolve_targets,
    train_adapter,
)
from workbench.adapt.checkpoint import read_progress

ROOT = Path(__file__).parents[2]
FAST = {"steps": 4, "prompts": (), "save_every": 1}
KILLED = """
import sys, torch
sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
from tests.adapt.materials import batches, found_set, fresh_model
from workbench import AdapterSettings, train_adapter
model = fresh_model("sd")
settings = AdapterSettings(steps=4, prompts=(), save_every=1)
train_adapter(model, found_set(model, 1), batches, out=sys.argv[2], settings=settings,
              on_progress=lambda at: (print(at.step, flush=True), at.step == 2 and sys.stdin.read()))
"""


def weights(result: AdapterTraining) -> list[torch.Tensor]:
    return [tensor for layer in result.adapter.layers.values() for tensor in (layer.down, layer.up)]


def same(one: AdapterTraining, other: AdapterTraining) -> bool:
    pairs = zip(weights(one), weights(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs) and one.losses == other.losses


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An unbroken training of one site of the tiny Stable Diffusion."""
    model = fresh_model("sd")
    out = tmp_path_factory.mktemp("whole") / "o"
    return train_adapter(model, found_set(model, 1), batches, out=out, settings=AdapterSettings(**FAST))


@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_exactly_the_found_sites_are_trained_and_the_model_stays(name, tmp_path):
    model = fresh_model(name)
    found, before, random_state = found_set(model, 0, 2), Snapshot.of(model), torch.get_rng_state()
    settings = AdapterSettings(**FAST, rank={0: 2, 2: 3}, alpha=6, licence="CC0-1.0")
    result = train_adapter(model, found, batches, out=tmp_path / "o", settings=settings)
    assert before.same_as(model)
    assert result.notes == ()
    assert torch.equal(torch.get_rng_state(), random_state)
    sites = [find_sites(model)[index] for index in (0, 2)]
    wanted = resolve_targets(model, sites, rank={0: 2, 2: 3}, alpha=6)
    assert sorted(result.adapter.targets, key=str) == sorted(wanted, key=str)
    assert all(layer.up.abs().max() > 0 for layer in result.adapter.layers.values())
    evidence = inspect_adapter(result.export.adapter).evidence
    assert evidence["found"]["sites"] == list(found.sites)
    assert evidence["found"]["score"]["effect"] == 0.8
    assert evidence["licence"] == "CC0-1.0"
    assert evidence["training"]["seed"] == 0
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"adapter.safetensors", "training.json", ".lock"}


def test_a_found_set_of_other_weights_or_of_all_sites_is_noted(tmp_path):
    model = fresh_model("sd")
    found = replace(found_set(model, 1), fingerprint="another", reached=False)
    result = train_adapter(model, found, batches, out=tmp_path, settings=AdapterSettings(steps=1, prompts=()))
    assert [note.split()[:5] for note in result.notes] == [
        ["The", "found", "set", "was", "localised"],
        ["The", "localisation", "reached", "its", "goal"],
    ]
    assert all(f"mind: {note}" in repr(result) for note in result.notes)
    assert AdapterTraining.load(tmp_path / "training.json") == result


def test_it_learns(tmp_path):
    model = fresh_model("sd3")
    settings = AdapterSettings(steps=40, learning_rate=1e-2, rank=8, prompts=())
    picture = batches(0)
    losses = train_adapter(model, found_set(model, 0, 1), lambda _: picture, out=tmp_path, settings=settings).losses
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_the_same_seed_gives_the_same_adapter_and_another_one_another(whole, tmp_path):
    model = fresh_model("sd")
    again, other = (
        train_adapter(
            model, found_set(model, 1), batches, out=tmp_path / str(seed), settings=AdapterSettings(**FAST, seed=seed)
        )
        for seed in (0, 1)
    )
    assert same(again, whole)
    assert not same(other, whole)


def test_after_a_failure_the_model_is_as_it_was_and_the_training_goes_on(tmp_path):
    model = fresh_model("sd")
    settings = AdapterSettings(steps=4, save_every=1, ema=0.9, accumulation=2, prompts=(PROMPT,), validate_every=2)
    found, before = found_set(model, 1), Snapshot.of(model)

    def fail(at: object) -> None:
        if at.step == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train_adapter(model, found, batches, out=tmp_path / "o", settings=settings, on_progress=fail)
    assert before.same_as(model)
    assert not (tmp_path / "o" / "adapter.safetensors").exists()
    seen: list[int] = []
    resumed = train_adapter(
        model, found, batches, out=tmp_path / "o", settings=settings, on_progress=lambda at: seen.append(at.step)
    )
    unbroken = train_adapter(model, found, batches, out=tmp_path / "u", settings=settings)
    assert seen == [3, 4]
    assert same(resumed, unbroken)
    assert resumed.validations == unbroken.validations


@pytest.mark.parametrize("questions", [0, 1, 3, 5, 7])
def test_asked_to_stop_it_loses_nothing(questions, tmp_path):
    model, answers = fresh_model("sd"), iter([False] * questions + [True])
    settings = AdapterSettings(steps=3, ema=0.9, prompts=(PROMPT,), validate_every=2)
    before, seen = Snapshot.of(model), []

    def train(out: str, **how: object) -> AdapterTraining:
        return train_adapter(model, found_set(model, 1), batches, out=tmp_path / out, settings=settings, **how)

    with pytest.raises(KeyboardInterrupt):
        train("o", should_stop=lambda: next(answers), on_progress=lambda at: seen.append((at.step, list(at.losses))))
    assert before.same_as(model)
    stopped = read_progress(tmp_path / "o" / "checkpoint.pt")
    assert stopped.losses == (seen[-1][1] if seen else []) or len(stopped.losses) == len(seen) + 1
    resumed, unbroken = train("o"), train("u")
    assert same(resumed, unbroken)
    assert resumed.validations == unbroken.validations
    assert read_progress(tmp_path / "o" / "checkpoint.pt").step == 0


def test_killed_at_any_moment_it_goes_on_to_the_same_weights(whole, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(ROOT), str(tmp_path / "o")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    model, seen = fresh_model("sd"), []
    resumed = train_adapter(
        model,
        found_set(model, 1),
        batches,
        out=tmp_path / "o",
        settings=AdapterSettings(**FAST),
        on_progress=lambda at: seen.append(at.step),
    )
    assert seen == [3, 4]
    assert same(resumed, whole)


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    model = fresh_model("sd")

    def fail(at: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train_adapter(
            model, found_set(model, 1), batches, out=tmp_path, settings=AdapterSettings(**FAST), on_progress=fail
        )
    stored = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(InputError, match="with which this training began"):
        train_adapter(model, found_set(model, 0), batches, out=tmp_path, settings=AdapterSettings(**FAST))
    assert (tmp_path / "checkpoint.pt").read_bytes() == stored


def test_checkpointing_of_activations_changes_no_weight_and_is_switched_off_again(whole, tmp_path):
    model = fresh_model("sd")
    settings = AdapterSettings(**FAST, gradient_checkpointing=True)
    result = train_adapter(model, found_set(model, 1), batches, out=tmp_path, settings=settings)
    assert not model.denoiser.is_gradient_checkpointing
    for one, other in zip(weights(result), weights(whole), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_samples_are_drawn_and_read_as_it_goes(tmp_path):
    model = fresh_model("sd3")
    settings = AdapterSettings(steps=2, prompts=(PROMPT, "no text"), validate_every=1)
    seen = []
    result = train_adapter(
        model, found_set(model, 0), batches, out=tmp_path, settings=settings, on_progress=seen.append
    )
    assert [one.step for one in result.validations] == [0, 1, 2]
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {
        f"step-{step:06d}-{place:02d}.png" for step in range(3) for place in range(2)
    }
    assert [len(one.texts) for one in result.validations] == [2, 2, 2]
    assert [(at.step, at.steps, len(at.images), at.word_accuracy) for at in seen] == [(1, 2, 2, 0.0), (2, 2, 2, 0.0)]
    assert AdapterTraining.load(tmp_path / "training.json") == result
    assert result.to_dataframe()["step"].tolist() == [0, 1, 2]
    assert "0% before" in repr(result)
    assert "&#x27;" in result._repr_html_()


def test_an_adapter_that_is_there_is_kept(whole):
    model, folder = fresh_model("sd"), Path(whole.export.adapter).parent
    stored = Path(whole.export.adapter).read_bytes()
    with pytest.raises(InputError, match="which exists"):
        train_adapter(model, found_set(model, 1), batches, out=folder, settings=AdapterSettings(**FAST))
    assert Path(whole.export.adapter).read_bytes() == stored


def test_what_cannot_be_trained_is_refused_before_anything_is_written(tmp_path):
    model, out = fresh_model("sd"), tmp_path / "o"
    other = fresh_model("sd3")
    hunyuan = fresh_model("hunyuan-dit")
    cases = (
        (model, found_set(other, 0), {}, "localise this model"),
        (model, str(tmp_path / "none"), {}, "no store"),
        (model, found_set(model, 0), {"projections": ("to_x",)}, "linear projections"),
        (model, found_set(model, 0), {"rank": {7: 1}}, "one rank for each"),
        (model, found_set(model, 0), {"precision": "float16"}, "float32"),
        (hunyuan, found_set(hunyuan, 0), {"gradient_checkpointing": True}, "activations twice"),
    )
    for wanted, found, options, told in cases:
        before = Snapshot.of(wanted)
        with pytest.raises((InputError, RefusedError), match=told):
            train_adapter(
                wanted, found, batches, out=out, runs=tmp_path, settings=AdapterSettings(**{**FAST, **options})
            )
        assert before.same_as(wanted)
    assert not out.exists()


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    model = fresh_model("sd")
    with torch.no_grad():
        model.denoiser.conv_out.bias.fill_(float("nan"))
    with pytest.raises(InputError, match="finite loss"):
        train_adapter(model, found_set(model, 0), batches, out=tmp_path, settings=AdapterSettings(**FAST))


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch": 0},
        {"accumulation": 0},
        {"learning_rate": 0.0},
        {"ema": 1.0},
        {"precision": "int8"},
        {"validate_every": 0},
        {"save_every": 0},
        {"height": 32},
        {"height": 4, "width": 4},
        {"reader": "none"},
    ],
)
def test_bad_settings_are_refused(wrong):
    with pytest.raises(InputError):
        AdapterSettings(**wrong)


def test_settings_are_plain_data():
    settings = AdapterSettings(rank={5: 8}, projections=("to_k",), prompts=[PROMPT])
    assert json.loads(json.dumps(settings.to_dict()))["rank"] == {"5": 8}
