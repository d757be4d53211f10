"""One cell of the matrix: a system in a variant with a seed, trained from scratch and converted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from workbench.ablate.conversion import Conversion
from workbench.ablate.convert import convert
from workbench.ablate.settings import AblationSettings
from workbench.attention.factored import FactoredScores
from workbench.attention.host import attention_at
from workbench.attention.surgery import Operated
from workbench.attention.variant import BASELINE
from workbench.errors import RefusedError
from workbench.files import whole
from workbench.zoo.count import multiply_adds, parameters
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.sites import operate_system, system_mlps, system_sites
from workbench.zoo.system import System
from workbench.zoo.task import Task, find_task
from workbench.zoo.train import fit, score, seed_everything

CALIBRATION: Final = 64
TIMED: Final = 7
RANK_FORMS: Final = ("low_rank_qk", "symmetric_signed")
OnStep = Callable[..., None]


def run_cell(
    settings: AblationSettings, name: str, variant: str, seed: int, weights: Path, on_step: OnStep = lambda *_: None
) -> dict[str, Any]:
    """Return the figures of a cell.

    Args:
        settings: of the matrix.
        name: of the system.
        variant: of attention.
        seed: of weights and examples.
        weights: folder where the trained baseline of each system and seed lies; that of this cell is written there.
        on_step: called at each step of a training with its number and its loss.
    """
    system, task = find_system(name), find_task(settings.task_of(name))
    file = weights / f"{name.replace('/', '-')}-{seed}.safetensors"
    try:
        model, done = _fresh(system, task, variant, seed)
    except RefusedError as refusal:
        return {"status": "refused", "reason": refusal.got}
    figures = {
        "status": "done",
        "reason": _left_alone(done) if variant != BASELINE else "",
        **_size(system, model, task),
    }
    fit(model, task, settings.training(settings.steps), seed=seed, on_step=on_step)
    figures["scratch"] = vars(score(model, task))
    if variant == BASELINE:
        with whole(file) as part:
            # Projections that were one tensor share its storage, which the format does not know.
            save_file({name: weight.detach().clone() for name, weight in model.state_dict().items()}, part)
        return figures | {"ranks": rank_errors(system, model, task) if seed == 0 else {}}
    trained, _ = _fresh(system, task, BASELINE, seed)
    trained.load_state_dict(load_file(file))
    return figures | _converted(settings, system, task, trained, variant, seed, on_step)


def _fresh(system: System, task: Task, variant: str, seed: int) -> tuple[nn.Module, list[Operated]]:
    seed_everything(seed)
    model = build_system(system.name, shape=task.shape)
    return model, operate_system(system, model, variant, "scratch")


def _left_alone(done: list[Operated]) -> str:
    """Return why some sites stay as they are, where others take the form."""
    reasons = [one.reason for one in done if one.reason is not None]
    return f"{len(reasons)} of {len(done)} sites left: {'; '.join(sorted(set(reasons)))}" if reasons else ""


def _converted(
    settings: AblationSettings,
    system: System,
    task: Task,
    trained: nn.Module,
    variant: str,
    seed: int,
    on_step: OnStep,
) -> dict[str, Any]:
    """Convert the trained baseline, score it, and train it further if that is asked for."""
    inputs = [part[:CALIBRATION] for part in task.test().inputs]
    sites = system_sites(system, trained)
    cross = [site.name for site in sites if site.kind == "cross"]
    mlps = system_mlps(system, trained)
    conversion = convert(trained, variant, inputs, sites=[site.name for site in sites], mlps=mlps, cross=cross)
    model = conversion.model
    assert model is not None
    found: dict[str, Any] = {"converted": vars(score(model, task)), "conversion": _summary(conversion)}
    if settings.finetune:
        fit(model, task, settings.training(settings.finetune), seed=seed + 1000, on_step=on_step)
        found["finetuned"] = vars(score(model, task))
    return found


def _summary(conversion: Conversion) -> dict[str, float | None]:
    names = ("symmetry", "self_weight", "logit_error", "variation", "variation_max", "variation_bound", "output_error")
    return {"function_error": conversion.function_error, **{name: conversion.mean(name) for name in names}}


def _size(system: System, model: nn.Module, task: Task) -> dict[str, Any]:
    """Return parameters by part, multiply-adds and bytes of one example, and milliseconds of a batch."""
    attention = _weights(model, [site.name for site in system_sites(system, model)])
    mlp = _weights(model, system_mlps(system, model))
    total = parameters(model)
    return {
        "parameters": {"total": total, "attention": attention, "mlp": mlp, "rest": total - attention - mlp},
        "multiply_adds": multiply_adds(model, task.shape),
        "weight_bytes": sum(weight.numel() * weight.element_size() for weight in model.parameters()),
        "milliseconds": _milliseconds(model, task),
    }


def _weights(model: nn.Module, paths: list[str]) -> int:
    unique = {id(weight): weight.numel() for path in paths for weight in model.get_submodule(path).parameters()}
    return sum(unique.values())


@torch.no_grad()
def _milliseconds(model: nn.Module, task: Task) -> float:
    """Return the median time of a forward pass of 16 examples; all variants run on the same kernels."""
    model.eval()
    inputs = task.shape.example(batch=16)
    times = []
    for _ in range(TIMED):
        started = time.perf_counter()
        model(*inputs)
        times.append(1000 * (time.perf_counter() - started))
    return median(times)


def rank_errors(system: System, model: nn.Module, task: Task) -> dict[str, dict[str, float]]:
    """Return the change of a trained model's outputs for each rank that queries and keys are cut to, by form."""
    inputs = [part[:CALIBRATION] for part in task.test().inputs]
    sites = [site.name for site in system_sites(system, model) if site.kind != "cross"]
    widths = [
        found.scores.head_width
        for path in sites
        if (found := attention_at(model, path)) is not None and isinstance(found.scores, FactoredScores)
    ]
    ranks = sorted({max(1, round(max(widths, default=1) * share)) for share in (0.125, 0.25, 0.5, 0.75, 1)})
    errors: dict[str, dict[str, float]] = {}
    for form in RANK_FORMS:
        try:
            errors[form] = {
                str(rank): convert(model, form, inputs, sites=sites, rank=rank).function_error for rank in ranks
            }
        except RefusedError:
            continue
    return errors
