"""Stock pipelines of tiny, randomly initialised stock components, built without files or network.

`TINY[name]()` builds one; each pipeline has a file of its own, registered by importing this package.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules

import torch
from diffusers import DiffusionPipeline

torch.set_num_threads(1)  # on tensors this small, threads only wait for each other

Build = Callable[[], DiffusionPipeline]

TINY: dict[str, Build] = {}


def tiny(name: str, seed: int = 0) -> Callable[[Build], Build]:
    """Register a builder under a name; it runs under a fixed seed and leaves the global generator as it was."""

    def register(build: Build) -> Build:
        @wraps(build)
        def seeded() -> DiffusionPipeline:
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                pipeline = build()
            pipeline.set_progress_bar_config(disable=True)
            return pipeline

        TINY[name] = seeded
        return seeded

    return register


for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
