"""A guarded pipeline draws clean prompts bit for bit as ever, swaps words at the found sites, and is whole again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from tests.guard.found_sets import found_set, stand_ins
from tests.hooks.test_hygiene import hooks_of
from tests.patch.tiny_runs import from_row, latents, model_of, sites_of
from tests.tiny import TINY
from tests.tiny.calls import run
from workbench import guard
from workbench.errors import InputError, RefusedError
from workbench.guard.changes import Guard
from workbench.guard.rewrite import rewrite
from workbench.guard.swap import ROUTES, TextSwap
from workbench.hooks.clock import timed
from workbench.hooks.forward import forward_pre_hooks
from workbench.metrics.reader import open_reader
from workbench.models.model import Model
from workbench.models.open import open_model
from workbench.patch.generate import Sampling, generate, run_pipeline
from workbench.record.record import record
from workbench.sites.find import find_sites

TOXIC = 'A sign that says "HELLO".'
CLEAN = 'A sign that says "LUNCH".'
HARMLESS = rewrite(TOXIC, stand_ins).prompt
CROSS = ("sd", "sdxl")
JOINT = ("sd3", "sd35", "flux")
# 3.5 differs from 3 in its attention alone, which two tests of joint attention cover.
GUARDED = pytest.mark.parametrize("name", ["sd", "sdxl", "sd3", "flux"])


def images(model: Model, prompts: list[str], **how: Any) -> torch.Tensor:
    return torch.as_tensor(
        run_pipeline(model, prompts, [0] * len(prompts), Sampling.of(model, **how), output_type="pt")
    )


def under_guard(model: Model, prompts: list[str], indices: list[int] | None = None, **how: Any) -> torch.Tensor:
    with guard(model, found_set(model, indices), detector=stand_ins):
        return images(model, prompts, **how)


@cache
def plain(name: str) -> torch.Tensor:
    """Return the images of a clean and a toxic prompt, unguarded."""
    return images(model_of(name), [CLEAN, TOXIC])


@GUARDED
def test_clean_prompts_are_untouched_and_toxic_ones_change(name: str) -> None:
    model = model_of(name)
    made = under_guard(model, [CLEAN, TOXIC])
    assert torch.equal(made[0], plain(name)[0])
    assert not torch.allclose(made[1], plain(name)[1], atol=1e-3)
    assert torch.equal(under_guard(model, [CLEAN, CLEAN]), images(model, [CLEAN, CLEAN]))


@pytest.mark.parametrize("name", ["sd", "sd3"])
def test_a_toxic_prompt_may_stand_twice_in_a_batch(name: str) -> None:
    made = under_guard(model_of(name), [TOXIC, TOXIC])
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], under_guard(model_of(name), [CLEAN, TOXIC])[1])


@pytest.mark.parametrize("name", CROSS)
def test_cross_attention_is_that_of_a_patched_row(name: str) -> None:
    model, site = model_of(name), sites_of(name)[1]
    expected = latents(model, [HARMLESS, TOXIC], {1: from_row([site], 0)})
    with guard(model, found_set(model, [1]), detector=stand_ins):
        assert torch.equal(latents(model, [HARMLESS, TOXIC]), expected)


def same_pooled(_: torch.nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Give the first of two rows the pooled text of the second, as a guarded row keeps its own."""
    pooled = named["pooled_projections"].clone()
    pooled[0::2] = pooled[1::2]
    return inputs, {**named, "pooled_projections": pooled}


@pytest.mark.parametrize("name", JOINT)
def test_joint_attention_is_that_of_a_patched_row_where_the_text_has_not_met_the_image(name: str) -> None:
    model, site = model_of(name), sites_of(name)[0]
    with forward_pre_hooks([(model.denoiser, same_pooled)]):
        expected = latents(model, [HARMLESS, TOXIC], {1: from_row([site], 0)}, condition_only=True)[1]
    with guard(model, found_set(model, [0]), detector=stand_ins):
        made = latents(model, [HARMLESS, TOXIC])[1]
    unguarded = latents(model, [HARMLESS, TOXIC])[1]
    assert (made - expected).norm() < 1e-3 * (unguarded - expected).norm()


@pytest.mark.parametrize("name", [*CROSS, *JOINT])
def test_text_changes_at_the_found_sites_alone(name: str) -> None:
    model, sites = model_of(name), sites_of(name)
    with record(model, sites.sites) as without:
        images(model, [CLEAN, TOXIC], guidance=1.0)
    with guard(model, found_set(model, [1]), detector=stand_ins), record(model, sites.sites) as within:
        images(model, [CLEAN, TOXIC], guidance=1.0)
    changed = {
        site.index: [not torch.equal(*rows) for rows in zip(without.tensors[key], within.tensors[key], strict=True)]
        for site in sites
        for key in [(site.name, "value", 0)]
    }
    assert changed[0] == [False, False]
    assert changed[1] == [False, True]
    # In joint attention the text further on is another one, since it reads another image.
    assert all(changed[site.index] == [False, name in JOINT] for site in sites.sites[2:])


@GUARDED
def test_the_denoiser_evaluates_no_further_row(name: str) -> None:
    model = model_of(name)
    with timed(model) as without:
        images(model, [CLEAN, TOXIC])
    with guard(model, found_set(model), detector=stand_ins), timed(model) as within:
        images(model, [CLEAN, TOXIC])
    assert (within.calls, within.denoiser_rows) == (without.calls, without.denoiser_rows)


@pytest.mark.parametrize(("name", "guidance"), [("sd", 3.0), ("sdxl", 3.0), ("sd3", 1.0), ("sd3", 3.0), ("flux", 3.0)])
def test_prompts_as_text_or_list_and_several_images_of_each(name: str, guidance: float) -> None:
    model = model_of(name)
    pipeline, argument = model.pipeline, model.family.guidance_argument
    how: dict[str, Any] = {argument: guidance}
    with guard(pipeline, found_set(model), detector=stand_ins) as log:
        one = run(pipeline, [TOXIC], [0], **how)
        text = run(pipeline, TOXIC, [0], negative_prompt="", **how)
        four = run(pipeline, [CLEAN, TOXIC], [0, 1, 0, 1], num_images_per_prompt=2, **how)
    assert torch.equal(one, text)
    torch.testing.assert_close(four[2], one[0], rtol=0, atol=1e-4)
    unguarded = run(pipeline, [CLEAN, TOXIC], [0, 1, 0, 1], num_images_per_prompt=2, **how)
    assert [bool(torch.equal(a, b)) for a, b in zip(four, unguarded, strict=True)] == [True, True, False, False]
    assert [(change.call, change.prompt, change.word) for change in log.changes] == [
        (0, 0, "HELLO"),
        (1, 0, "HELLO"),
        (2, 1, "HELLO"),
    ]
    assert log.calls == 3


@GUARDED
def test_negative_prompts_are_left_alone(name: str) -> None:
    model = model_of(name)
    how = {"negative_prompt": ['text "HELLO"'], model.family.guidance_argument: 3.0}
    expected = run(model.pipeline, [CLEAN], [0], **how)
    with guard(model, found_set(model), detector=stand_ins) as log:
        assert torch.equal(run(model.pipeline, [CLEAN], [0], **how), expected)
    assert log.changes == []


@pytest.mark.parametrize("name", ["sdxl", "sd3", "flux"])
def test_the_second_prompt_is_read_too(name: str) -> None:
    model = model_of(name)
    with guard(model, found_set(model), detector=stand_ins) as log:
        made = run(model.pipeline, [CLEAN], [0], prompt_2=[TOXIC])
    assert [change.word for change in log.changes] == ["HELLO"]
    # FLUX gives its first encoder's text to the pooled vector alone.
    assert not torch.equal(made, run(model.pipeline, [CLEAN], [0], prompt_2=[TOXIC]))


def embeddings(pipeline: Any) -> dict[str, torch.Tensor]:
    """Return a prompt as the pipeline's call takes it ready made."""
    made = pipeline.encode_prompt(CLEAN, None, None, do_classifier_free_guidance=False, num_images_per_prompt=1)
    return {"prompt_embeds": made[0], "pooled_prompt_embeds": made[2]}


def test_prompts_as_embeddings_are_refused_and_the_guard_goes_on() -> None:
    model = model_of("sd3")
    pipeline: Any = model.pipeline
    with guard(model, found_set(model), detector=stand_ins) as log:
        ready = embeddings(pipeline)
        with pytest.raises(InputError, match="prompt_embeds"):
            pipeline(**ready, num_inference_steps=2, height=32, width=32, guidance_scale=1.0)
        assert torch.equal(images(model, [CLEAN, TOXIC])[0], plain("sd3")[0])
    assert log.calls == 1


def test_text_that_changes_on_its_way_is_refused() -> None:
    swap = TextSwap()
    swap.expect(torch.stack([torch.full((3, 4), value) for value in (1.0, 2.0, 1.0)]), torch.zeros(3, 3, 4))
    for rows in (torch.zeros(2, 3, 4), torch.cat([torch.ones(1, 3, 4), torch.zeros(1, 3, 4)])):
        with pytest.raises(InputError, match="would pass"):
            swap.find_rows(rows)
    swap.find_rows(torch.stack([torch.full((3, 4), value) for value in (0.0, 2.0, 1.0, 2.0)]))
    assert sorted(swap.rows) == [(1, 1), (2, 0), (3, 1)]
    swap.find_rows(torch.zeros(2, 3, 4))
    assert swap.rows == []


class Stop(Exception):
    """What a test raises."""


def fails_in_the_block(model: Model) -> None:
    raise Stop


def fails_in_a_step(model: Model) -> None:
    def stop(*_: Any) -> Any:
        raise Stop

    run(model.pipeline, [TOXIC], [0], callback_on_step_end=stop)


def fails_in_the_denoiser(model: Model) -> None:
    def stop(*_: Any) -> None:
        raise Stop

    with timed(model, on_call=stop):
        images(model, [TOXIC])


@pytest.mark.parametrize(
    ("name", "fail"),
    [(name, fail) for name in ("sd", "flux") for fail in (fails_in_the_block, fails_in_a_step, fails_in_the_denoiser)]
    + [(name, None) for name in ("sd", "sdxl", "sd3", "flux")],
)
def test_the_pipeline_is_as_it_was(name: str, fail: Callable[[Model], None] | None) -> None:
    model = model_of(name)
    before, hooks = dict(vars(model.pipeline)), hooks_of(model.denoiser)
    expected = plain(name)
    if fail is None:
        under_guard(model, [CLEAN, TOXIC])
    else:
        with pytest.raises(Stop), guard(model, found_set(model), detector=stand_ins):
            fail(model)
    assert dict(vars(model.pipeline)).keys() == before.keys()
    assert hooks_of(model.denoiser) == hooks
    assert torch.equal(images(model, [CLEAN, TOXIC]), expected)


@pytest.mark.parametrize("name", ["sd", "flux"])
def test_a_guard_goes_on_after_a_failed_call(name: str) -> None:
    model = model_of(name)
    expected = under_guard(model, [CLEAN, TOXIC])
    with guard(model, found_set(model), detector=stand_ins):
        for fail in (fails_in_a_step, fails_in_the_denoiser):
            with pytest.raises(Stop):
                fail(model)
        assert torch.equal(images(model, [CLEAN, CLEAN])[0], plain(name)[0])
        assert torch.equal(images(model, [CLEAN, TOXIC]), expected)


def test_two_guards_on_one_model_are_refused() -> None:
    model = model_of("sd")
    with guard(model, found_set(model), detector=stand_ins):
        for again in (model, model.pipeline):
            with pytest.raises(InputError, match="guarded already"), guard(again, found_set(model)):
                pass
        assert not torch.equal(images(model, [CLEAN, TOXIC])[1], plain("sd")[1])
    assert torch.equal(images(model, [CLEAN, TOXIC]), plain("sd"))
    assert not torch.equal(under_guard(model, [CLEAN, TOXIC])[1], plain("sd")[1])


def test_a_method_of_the_users_own_is_called_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("sd")
    pipeline: Any = model.pipeline
    original, calls = pipeline.encode_prompt, []

    def own(*positional: Any, **named: Any) -> Any:
        calls.append(positional[0])
        return original(*positional, **named)

    monkeypatch.setattr(pipeline, "encode_prompt", own)
    with guard(model, found_set(model), detector=lambda text: stand_ins(text)):
        assert pipeline.encode_prompt is not own
    assert vars(pipeline)["encode_prompt"] is own


@pytest.mark.parametrize("name", sorted({*TINY} - {*CROSS, *JOINT}))
def test_other_families_are_refused_with_the_reason(name: str) -> None:
    model = model_of(name)
    with pytest.raises(RefusedError, match=r"Pipeline: .*(inside the denoiser|of its own length)"), guard(model, "x"):
        pass
    assert type(model.pipeline).__name__ not in ROUTES


def test_an_image_adapter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("flux")
    monkeypatch.setattr(model.denoiser, "encoder_hid_proj", torch.nn.Identity(), raising=False)
    with pytest.raises(RefusedError, match="adapter"), guard(model, found_set(model)):
        pass


@pytest.mark.parametrize(
    ("model", "how", "message"),
    [
        (lambda: "glyph-unet", {}, "diffusers text-to-image pipeline"),
        (lambda: open_model("published:sd15"), {}, "weights"),
        (lambda: model_of("sd"), {"detector": "none of these"}, "detector"),
        (lambda: model_of("sd3"), {}, "found set of"),
    ],
    ids=["a name", "no weights", "an unknown detector", "sites of another model"],
)
def test_bad_input_is_refused(model: Callable[[], Any], how: dict[str, Any], message: str) -> None:
    opened = model()
    with pytest.raises(InputError, match=message), guard(opened, found_set(model_of("sd")), **how):
        pass


@pytest.mark.parametrize("name", ["glyph_mmdit", "glyph_unet"])
def test_the_embedded_models_write_the_replacement(name: str, request: pytest.FixtureRequest) -> None:
    model: Model = request.getfixturevalue(name)
    sampling, sites = Sampling.of(model, steps=10), find_sites(model)
    toxic, clean = 'A red sign that says "HEMP"', 'A red sign that says "LAMP"'
    harmless = rewrite(toxic, stand_ins)
    patches = {2: from_row(sites, 0)}
    row, without, published = generate(
        model, [harmless.prompt, toxic, toxic], [5] * 3, sampling, patches=patches
    ).images.astype(float)
    with guard(model, found_set(model), detector=stand_ins):
        made = generate(model, [toxic, clean], [5, 5], sampling).images
    assert open_reader().read(list(made)) == [harmless.swaps[0].replacement, "LAMP"]
    assert abs(made[0] - published).mean() < 0.2 * abs(without - published).mean()
    assert abs(made[0] - row).mean() < 0.2 * abs(without - row).mean()


def test_sites_found_with_other_weights_are_told() -> None:
    model = model_of("sd")
    for fingerprint, same in ((model.fingerprint(), True), ("0" * 16, False)):
        with guard(model, replace(found_set(model), fingerprint=fingerprint)) as log:
            assert log.same_weights is same


def test_the_room_and_its_verb_share_a_name() -> None:
    import workbench.guard.guard as module

    with guard(model_of("sd"), found_set(model_of("sd"))) as log:
        assert isinstance(log, Guard)
    assert callable(module.guard)
