"""Opening models: names, folders, live pipelines, and what is refused."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest
import torch

from tests.tiny import TINY
from workbench.errors import InputError, RefusedError
from workbench.models.open import open_model, wrap_pipeline


@pytest.fixture
def folder(tmp_path):
    TINY["sd"]().save_pretrained(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_folder_is_opened_with_its_weights(folder):
    model = open_model(folder)
    assert model.family.name == "unet"
    assert model.component == "unet"
    assert model.defaults.steps == 50
    assert model.fingerprint() == wrap_pipeline(TINY["sd"]()).fingerprint()


def test_a_live_pipeline_stays_as_it_is():
    pipeline = TINY["sd3"]()
    before = {name: value.clone() for name, value in pipeline.transformer.state_dict().items()}
    model = open_model(pipeline)
    assert model.pipeline is pipeline
    assert model.denoiser is pipeline.transformer
    assert open_model(model) is model
    assert all(torch.equal(before[name], value) for name, value in pipeline.transformer.state_dict().items())


def test_the_embedded_models_carry_their_defaults(glyph_mmdit):
    assert (glyph_mmdit.defaults.height, glyph_mmdit.defaults.width) == (32, 96)
    assert glyph_mmdit.defaults.steps <= 20
    assert "planted" in glyph_mmdit.note


def test_fingerprints_see_a_changed_weight():
    pipeline = TINY["sd"]()
    before = open_model(pipeline).fingerprint()
    with torch.no_grad():
        pipeline.unet.conv_in.weight[0, 0, 0, 0] += 0.1
    assert open_model(pipeline).fingerprint() != before


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("glyph-mmdti", "did you mean 'glyph-mmdit'"),
        ("no-such-model", "see `workbench models`"),
        ("../etc/passwd", "see `workbench models`"),
        ("published:none", "published"),
        ("", "see `workbench models`"),
    ],
)
def test_unknown_names_are_one_clear_error(source, match):
    with pytest.raises(InputError, match=match):
        open_model(source)


def test_a_hub_id_that_cannot_be_had_offline_is_bad_input():
    with pytest.raises(InputError, match="nobody/nothing"):
        open_model("nobody/nothing")


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"model_index\.json"):
        open_model(tmp_path)


def test_pickles_are_never_read(folder):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    for path in folder.rglob("*.safetensors"):
        path.with_suffix(".bin").write_bytes(pickle.dumps(Bomb()))
        path.unlink()
    with pytest.raises(InputError, match="safetensors"):
        open_model(folder)


def test_one_missing_weight_file_is_bad_input_even_with_a_pickle_beside(folder):
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, path.with_suffix(".bin"))
    path.unlink()
    with pytest.raises(InputError, match="safetensors"):
        open_model(folder)


def test_a_folder_that_asks_for_remote_code_is_refused(folder):
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": ["evil", "EvilPipeline"]}))
    (folder / "evil.py").write_text("raise SystemExit('remote code ran')")
    with pytest.raises(InputError, match="pipeline"):
        open_model(folder)


def test_something_that_is_no_pipeline_is_refused():
    with pytest.raises(InputError, match="pipeline"):
        open_model(torch.nn.Linear(1, 1))


def test_an_uncovered_denoiser_is_refused_with_the_reason():
    class PRXTransformer2DModel(torch.nn.Module):
        pass

    pipeline = TINY["sd"]()
    pipeline.unet = PRXTransformer2DModel()
    with pytest.raises(RefusedError, match="PRX"):
        wrap_pipeline(pipeline)


def test_an_architecture_alone_is_not_run():
    model = open_model("published:sd15")
    assert model.pipeline is None
    with pytest.raises(RefusedError, match="architecture alone"):
        model.require_weights()
    assert replace(model, name="x").total_parameters == 859_520_964
