"""However an edit ends, the pipeline is as before: its hooks, its scheduler, its settings and its images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.edit.materials import found_set
from tests.patch.tiny_runs import SOURCE, TARGET, fresh_model
from workbench import Model, Sampling, edit_text, generate


class Stop(Exception):
    """What a test raises."""


class Before:
    """What was true of a model before the edit."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.scheduler, self.config = model.pipeline.scheduler, dict(model.pipeline.config)
        self.weights = {name: tensor.clone() for name, tensor in model.denoiser.state_dict().items()}
        self.images = self.generate()

    def generate(self) -> np.ndarray:
        return generate(self.model, [TARGET, SOURCE], [0, 1], Sampling.of(self.model)).images

    def check(self) -> None:
        modules = self.model.denoiser.modules()
        tables = [table for module in modules for name, table in vars(module).items() if "_hooks" in name]
        assert not any(tables)
        assert self.model.pipeline.scheduler is self.scheduler
        assert dict(self.model.pipeline.config) == self.config
        state = self.model.denoiser.state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in self.weights.items())
        assert np.array_equal(self.generate(), self.images)


@pytest.fixture(params=["sd", "sd3"])
def before(request) -> Before:
    return Before(fresh_model(request.param))


@pytest.fixture(params=[False, True], ids=["noise", "image"])
def image(request, tmp_path) -> Path | None:
    path = tmp_path / "photo.png"
    Image.effect_noise((32, 32), 80).save(path)
    return path if request.param else None


def test_normal_end(before, image, tmp_path):
    found = found_set(before.model, 1)
    edit_text(before.model, found, SOURCE, TARGET, image=image, steps=3, out=tmp_path / "o")
    before.check()


def test_cancelled(before, image, tmp_path):
    found, asked = found_set(before.model, 1), []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(KeyboardInterrupt):
        edit_text(before.model, found, SOURCE, TARGET, image=image, steps=3, out=tmp_path / "o", should_stop=stop)
    before.check()


@pytest.mark.parametrize("calls", [1, 4])
def test_the_model_raises(before, image, tmp_path, monkeypatch, calls):
    found, seen = found_set(before.model, 1), []
    module = before.model.denoiser.get_submodule(found.sites[0]).to_v
    forward = module.forward

    def fail(inputs: torch.Tensor) -> torch.Tensor:
        seen.append(1)
        if len(seen) == calls:
            raise Stop
        return forward(inputs)

    with monkeypatch.context() as patch:
        patch.setattr(module, "forward", fail)
        with pytest.raises(Stop):
            edit_text(before.model, found, SOURCE, TARGET, image=image, steps=4, out=tmp_path / "o")
    before.check()
