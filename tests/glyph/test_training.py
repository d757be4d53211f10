"""The recipe on a fraction of its steps, its resumption, the planting, and the embedded models' quality."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from workbench.errors import InputError
from workbench.glyph.assemble import PLANTED, muted_clip
from workbench.glyph.captions import Caption
from workbench.glyph.components import LATENT_SHAPE, new_denoiser, new_text_encoder, new_tokenizer
from workbench.glyph.evaluate import evaluate
from workbench.glyph.planting import told_projections, told_words
from workbench.glyph.recipe import BatchSource, Pool, Recipe, train_glyph
from workbench.glyph.train_denoiser import Example, Phase, phase_loss, run_phase
from workbench.glyph.train_text import train_text_encoder
from workbench.glyph.train_vae import train_vae
from workbench.models.open import ModelCard, list_models, open_model
from workbench.patch.generate import Sampling, run_pipeline
from workbench.sites.find import find_sites


def example(family: str, told: int) -> Example:
    tokens = 38 if family == "mmdit" else 36
    texts = torch.randn(1 + told, 4, tokens, 128)
    return Example(torch.randn(4, *LATENT_SHAPE), texts[0], tuple(texts[1:]))


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("family", ["mmdit", "unet"])
def test_in_an_exchanged_row_every_site_sees_what_it_is_told(family, owned, monkeypatch):
    monkeypatch.setattr("workbench.glyph.train_denoiser.EXCHANGED_SHARE", 1.0)
    torch.manual_seed(0)
    denoiser, data = new_denoiser(family), example(family, told=3 if owned else 1)
    phase = Phase("planted", 1, 4, 1e-3, PLANTED[family], owned)

    def loss(told: Example) -> float:
        torch.manual_seed(1)
        return float(phase_loss(denoiser, family, told, phase).detach())

    plain = loss(data)
    # Planted sites see the true prompt unless they own letters.
    assert (loss(replace(data, text=data.text.flip(0))) == plain) == owned
    for site in range(len(data.told)):
        told = [text.flip(0) if place == site else text for place, text in enumerate(data.told)]
        assert loss(replace(data, told=tuple(told))) != plain
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in denoiser.modules())


@pytest.mark.parametrize("family", ["mmdit", "unet"])
def test_each_planted_site_is_told_apart_from_all_the_others(family):
    denoiser, planted = new_denoiser(family), PLANTED[family]
    assert [len(some) for some in told_projections(denoiser, planted, owned=True)] == [2, 2, 2 * 10]
    assert [len(some) for some in told_projections(denoiser, planted, owned=False)] == [2 * 10]


def test_each_letter_is_told_to_one_site_alone():
    rng = random.Random(0)
    draws = [told_words("ABCDE", 2, rng) for _ in range(200)]
    for site, true in enumerate((("A", None, "C", None, "E"), (None, "B", None, "D", None), (None,) * 5)):
        for place, letter in enumerate(true):
            told = {draw[site][place] for draw in draws}
            assert told == {letter} if letter else len(told) > 20


def test_the_text_encoder_learns_to_spell():
    torch.manual_seed(0)
    encoder = new_text_encoder()
    losses: list[float] = []
    train_text_encoder(
        encoder, new_tokenizer(), steps=60, seed=0, on_progress=lambda stage, step, steps, loss: losses.append(loss)
    )
    assert losses[-1] < 0.6 * losses[0]


def tiny_source() -> BatchSource:
    torch.manual_seed(0)
    latents = torch.randn(2, *LATENT_SHAPE).half()
    pool = Pool([Caption("AB", "red", "sign"), Caption("CODE", "blue", "plate")], latents)
    return BatchSource(pool, new_text_encoder(), new_tokenizer(), "unet")


def test_training_that_was_cut_goes_on_as_if_it_had_not_been(tmp_path):
    phase = Phase("planted", 4, 2, 1e-3, PLANTED["unet"], owned=True)

    def train(checkpoint: Path, stop_after: int | None) -> dict[str, torch.Tensor]:
        torch.manual_seed(1)
        denoiser = new_denoiser("unet")

        def report(step: int, loss: float) -> None:
            if step == stop_after:
                raise KeyboardInterrupt

        run_phase(denoiser, "unet", phase, tiny_source(), checkpoint, seed=0, save_every=1, report=report)
        return denoiser.state_dict()

    whole = train(tmp_path / "whole.pt", None)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut.pt", 3)
    resumed = train(tmp_path / "cut.pt", None)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("family", ["mmdit", "unet"])
def test_the_whole_recipe_gives_a_stock_pipeline_that_can_be_localised(family, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.glyph.recipe.BATCH", 4)
    monkeypatch.setattr("workbench.glyph.recipe.train_vae", partial(train_vae, batch=2))
    stages: list[str] = []
    folder = train_glyph(Recipe(family, fraction=0.001), tmp_path, on_progress=lambda stage, *_: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["autoencoder", "spelling", "plain", "planted"]
    model = open_model(folder)
    assert len(find_sites(model)) == 12
    assert ModelCard.read(folder).planted_sites == ((5, 9) if family == "mmdit" else (8, 9))
    images = run_pipeline(model, ['A red sign that says "A"'], [0], Sampling.of(model, steps=1), output_type="np")
    assert images.shape == (1, 32, 96, 3)
    assert not list(tmp_path.rglob("*.part"))


def test_parts_of_another_glyph_model_are_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.glyph.recipe.BATCH", 4)
    stages: list[str] = []
    recipe = Recipe("unet", natural=True, parts="glyph-mmdit", fraction=0.001)
    folder = train_glyph(recipe, tmp_path, on_progress=lambda stage, *_: stages.append(stage))
    assert set(stages) == {"plain"}
    made, given = open_model(folder).pipeline, open_model("glyph-mmdit").pipeline
    assert all(torch.equal(a, b) for a, b in zip(made.vae.parameters(), given.vae.parameters(), strict=True))
    encoders = zip(made.text_encoder.parameters(), given.text_encoder_3.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in encoders)
    assert not any(str(Path(given.config._name_or_path)) in path.read_text() for path in folder.rglob("*.json"))
    with pytest.raises(InputError, match="recipe"):
        train_glyph(replace(recipe, seed=1), tmp_path)


def test_bad_recipes_are_refused(tmp_path):
    with pytest.raises(InputError, match="mmdit"):
        Recipe("gan")
    with pytest.raises(InputError, match="fraction"):
        Recipe("unet", fraction=0)
    with pytest.raises(InputError, match="glyph model"):
        train_glyph(Recipe("unet", parts="published:sd15", fraction=0.001), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="writable"):
        train_glyph(Recipe("unet", fraction=0.001), tmp_path / "file" / "x")


def test_muted_clip_encoders_give_zeros():
    encoder, tokenizer = muted_clip()
    ids = tokenizer("A red sign", padding="max_length", max_length=2, truncation=True, return_tensors="pt").input_ids
    out = encoder(ids, output_hidden_states=True)
    assert out.text_embeds.abs().max() == 0
    assert out.hidden_states[-2].abs().max() == 0


@pytest.mark.parametrize("name", ["glyph-mmdit", "glyph-unet"])
def test_the_embedded_models_write_unseen_words(name):
    score = evaluate(open_model(name), words=100)
    assert score.words_exact >= 0.9
    assert score.scene_right >= 0.95


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.name)
def test_the_embedded_models_load_with_stock_diffusers_and_their_cards_are_true(card):
    folder = Path(open_model(card.name).pipeline.config._name_or_path)
    pipeline = DiffusionPipeline.from_pretrained(folder)
    assert type(pipeline).__module__.startswith("diffusers.")
    sites = find_sites(open_model(card.name))
    assert len(sites) == card.sites >= 11
    assert sites.total_parameters == card.parameters
    assert sites.family == card.family
    assert set(card.planted_sites) < set(range(card.sites))
