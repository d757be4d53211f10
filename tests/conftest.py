"""Shared fixtures: everything offline, one thread a process, real small models."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tests run side by side, so one thread each, also in the commands that they start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
# Kernels run under Triton's interpreter; Triton reads this once, whoever imports it first.
os.environ.setdefault("TRITON_INTERPRET", "1")

import numpy as np
import pytest
import torch

from workbench.models.model import Model
from workbench.models.open import open_model


@pytest.fixture(scope="session", autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def glyph_mmdit() -> Model:
    return open_model("glyph-mmdit")


@pytest.fixture(scope="session")
def glyph_unet() -> Model:
    return open_model("glyph-unet")


@pytest.fixture
def random_image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (32, 96, 3), dtype=np.uint8)
