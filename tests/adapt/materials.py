"""Tiny models, adapters with mixed ranks and strengths, and what must be the same afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tests.patch.tiny_runs import fresh_model
from workbench.adapt.adapter import Adapter, LowRank
from workbench.adapt.targets import linear_module, resolve_targets
from workbench.localize.result import FoundSet
from workbench.localize.scores import ArmScore
from workbench.models.model import Model
from workbench.patch.generate import Sampling, run_pipeline
from workbench.sites.find import find_sites

PROMPT = 'A sign that says "HI"'


def score(effect: float) -> ArmScore:
    return ArmScore("a", (0,), effect, (0.4, 0.9), 0.3, -0.3, 0.7, 0.1, 0.5, 0.01, (0.0, 0.02), 0.9, 4)


def found_set(model: Model, *indices: int) -> FoundSet:
    sites = [find_sites(model)[index] for index in indices]
    return FoundSet(
        model=model.name,
        fingerprint=model.fingerprint(),
        sites=tuple(site.name for site in sites),
        indices=indices,
        parameters=sum(site.text_kv_parameters for site in sites),
        share=0.1,
        rule="chosen by hand",
        reached=True,
        score=score(0.8),
        all_sites=score(0.9),
        control={},
        complement=None,
    )


def random_adapter(model: Model, *, seed: int = 0, size: float = 0.2) -> Adapter:
    """An adapter of two sites with ranks 2 and 3, and alphas 5 and 0.5."""
    first, other = find_sites(model).sites[:2]
    ranks, alphas = {first.name: 2, other.name: 3}, {first.name: 5, other.name: 0.5}
    generator = torch.Generator().manual_seed(seed)
    layers = {}
    for target in resolve_targets(model, [first, other], rank=ranks, alpha=alphas):
        module = linear_module(model, target.module)
        down = torch.randn(target.rank, module.in_features, generator=generator)
        up = size * torch.randn(module.out_features, target.rank, generator=generator)
        layers[target.module] = LowRank(down, up, target.alpha)
    return Adapter(model.component, layers)


def images(model: Model) -> np.ndarray:
    return np.asarray(run_pipeline(model, [PROMPT, "A cat"], [0, 1], Sampling.of(model), output_type="np"))


def batches(number: int) -> list[tuple[np.ndarray, str]]:
    """Two small noisy pictures, others for each number."""
    rng = np.random.default_rng(number)
    return [(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), prompt) for prompt in (PROMPT, "A cat")]


@dataclass(frozen=True)
class Snapshot:
    """Weights, modules, flags and attributes of a denoiser."""

    weights: dict[str, torch.Tensor]
    modules: list[tuple[str, int]]
    flags: list[tuple[str, bool, bool]]
    attributes: set[str]

    @classmethod
    def of(cls, model: Model) -> Snapshot:
        denoiser: Any = model.denoiser
        return cls(
            {name: tensor.clone() for name, tensor in denoiser.state_dict().items()},
            [(name, id(module)) for name, module in denoiser.named_modules()],
            [(name, one.requires_grad, one.grad is None) for name, one in denoiser.named_parameters()],
            set(vars(denoiser)),
        )

    def same_as(self, model: Model) -> bool:
        """Whether the model is bit for bit as it was, down to its module objects."""
        now = Snapshot.of(model)
        return (
            list(now.weights) == list(self.weights)
            and all(torch.equal(now.weights[name], tensor) for name, tensor in self.weights.items())
            and (now.modules, now.flags, now.attributes) == (self.modules, self.flags, self.attributes)
            and not any(module._forward_hooks or module._forward_pre_hooks for module in model.denoiser.modules())
        )


__all__ = ["PROMPT", "Snapshot", "batches", "found_set", "fresh_model", "images", "random_adapter", "score"]
