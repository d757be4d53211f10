"""The verb `check_system`: a system against its paper, in five parts, as a run that goes on where it stopped."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_model, save_model
from torch import nn

from workbench.attention.variant import BASELINE, list_variants
from workbench.errors import InputError, RefusedError
from workbench.files import whole
from workbench.hooks.forward import forward_hooks
from workbench.runs.store import Run, RunStore
from workbench.zoo.checks import AblationCheck, ClaimCheck, FoundSite, SystemCheck, Trial
from workbench.zoo.count import count_facts, parameters
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.sites import operate_system, system_sites
from workbench.zoo.system import Capability, System
from workbench.zoo.task import find_task
from workbench.zoo.train import seed_everything

VERB: Final = "zoo check"
EXACT: Final = 1e-5
STIR: Final = 0.05
# What is declared as approximate may turn out exact, such as shared keys and values of a single head.
AGREES: Final = {"exact": ("exact",), "approximate": ("exact", "approximate"), "impossible": ("refused",)}
OnPart = Callable[[str], None]


def check_system(
    name: str,
    *,
    seeds: int = 3,
    effort: float = 1.0,
    claim: bool = True,
    out: str | Path = "workbench-runs",
    on_part: OnPart = lambda part: None,
) -> SystemCheck:
    """Check a system of the zoo against its paper.

    Five parts: published counts on the meta device; forward, backward, save and load of the tiny configuration;
    its sites and whether hooks on them fire; each variant of attention against what is declared; and the experiment
    on the paper's claim. A check that was stopped goes on with the part that it was in.

    Args:
        name: of the system.
        seeds: of the experiment.
        effort: share of the experiment's usual steps.
        claim: whether to run the experiment.
        out: folder of the run store; nothing is written elsewhere.
        on_part: called with the name of each part as it begins.

    Raises:
        InputError: no such system, no seed, or an effort out of range.
    """
    if seeds < 1 or not 0 < effort <= 1:
        raise InputError("at least one seed and an effort above 0 and up to 1", f"{seeds}, {effort}", "change them")
    system, store = find_system(name), RunStore(out)
    config = {"system": name, "seeds": seeds, "effort": effort, "claim": claim}
    open_runs = [run for run in store.list() if run.verb == VERB and run.config == config and run.status != "done"]
    run = open_runs[-1] if open_runs else store.create(VERB, name, config, {})
    parts: dict[str, Callable[[], Any]] = {
        "counts": lambda: [asdict(count) for count in count_facts(name)],
        "tiny": lambda: asdict(try_tiny(system, run.folder)),
        "sites": lambda: [asdict(site) for site in hook_sites(system)],
        "ablations": lambda: [asdict(one) for one in try_ablations(system)],
        "claim": lambda: asdict(try_claim(system, seeds, effort)) if claim else None,
    }
    with store.working_on(run):
        found = _run_parts(store, run, parts, on_part)
        result = SystemCheck.from_dict({"name": name, **found})
        result.save(run.folder / "check.json")
        store.set_status(run, "done", result.to_dict())
    return result


def _run_parts(store: RunStore, run: Run, parts: dict[str, Callable[[], Any]], on_part: OnPart) -> dict[str, Any]:
    done = {key: cell["found"] for key, cell in store.cells(run).items()}
    for part, find in parts.items():
        if part not in done:
            on_part(part)
            started = time.perf_counter()
            done[part] = find()
            seconds = time.perf_counter() - started
            store.write_batch(run, part, [(part, {"found": done[part]})], denoiser_rows=0, seconds=seconds)
    return done


def tiny_model(system: System, seed: int = 0) -> nn.Module:
    """Return the tiny configuration with every weight stirred, so that zero biases and small scales count too."""
    seed_everything(seed)
    model = build_system(system.name)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(STIR * torch.randn_like(weight))
    return model


def try_tiny(system: System, folder: Path) -> Trial:
    """Run, train for one step, save and load the tiny configuration.

    Args:
        system: the system.
        folder: a file is written there for a moment.
    """
    task, model = find_task(system.task), tiny_model(system)
    batch = task.batch(4, torch.Generator().manual_seed(0))
    model.train()
    task.loss(model(*batch.inputs), batch.targets).backward()
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    idle = tuple(name for name, weight in trained.items() if weight.grad is None or not weight.grad.isfinite().all())
    model.eval()
    with torch.no_grad():
        first, second = model(*batch.inputs), model(*batch.inputs)
        again = tiny_model(system, seed=1).eval()
        with whole(folder / "tiny.safetensors") as part:
            save_model(model, str(part))
            load_model(again, str(part))
        (folder / "tiny.safetensors").unlink()
        loaded = again(*batch.inputs)
    shape = (*batch.targets.shape, task.shape.outputs) if not batch.targets.is_floating_point() else batch.targets.shape
    return Trial(
        parameters=parameters(model),
        forward=first.shape == shape and bool(first.isfinite().all()),
        backward=not idle,
        saved=torch.equal(first, loaded),
        deterministic=torch.equal(first, second),
        idle=idle,
    )


def hook_sites(system: System) -> list[FoundSite]:
    """Find the declared sites in the tiny configuration and run it once with a hook on each."""
    model = tiny_model(system).eval()
    sites, fired = system_sites(system, model), set()

    def note(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: fired.add(name)

    with torch.no_grad(), forward_hooks([(model.get_submodule(site.name), note(site.name)) for site in sites]):
        model(*find_task(system.task).shape.example())
    return [FoundSite(site.name, site.kind, site.name in fired) for site in sites]


def try_ablations(system: System) -> list[AblationCheck]:
    """Convert the tiny configuration to each variant, and start it from scratch in each."""
    model = tiny_model(system).eval()
    inputs = find_task(system.task).shape.example()
    with torch.no_grad():
        expected = model(*inputs)
    missing = Capability("impossible", "not declared")
    return [
        _try_ablation(system, model, variant, system.capabilities.get(variant, missing), inputs, expected)
        for variant in list_variants()
        if variant != BASELINE
    ]


def _try_ablation(
    system: System,
    model: nn.Module,
    variant: str,
    declared: Capability,
    inputs: tuple[torch.Tensor, ...],
    expected: torch.Tensor,
) -> AblationCheck:
    error = None
    try:
        converted, fresh = copy.deepcopy(model), copy.deepcopy(model)
        operate_system(system, converted, variant, "convert")
        operate_system(system, fresh, variant, "scratch")
    except RefusedError as refusal:
        status, reason = "refused", refusal.got
    else:
        with torch.no_grad():
            found = converted(*inputs)
        fresh(*inputs).sum().backward()
        error = float((found - expected).abs().max() / expected.abs().max())
        status = "failed" if not found.isfinite().all() else "exact" if error <= EXACT else "approximate"
        reason = declared.reason
    return AblationCheck(variant, status, reason, declared.fit, status in AGREES[declared.fit], error)


def try_claim(system: System, seeds: int, effort: float) -> ClaimCheck:
    """Run the experiment on the paper's claim."""
    started = time.perf_counter()
    outcome = system.claim.experiment(range(seeds), effort)
    seconds = round(time.perf_counter() - started, 1)
    return ClaimCheck(system.claim.statement, outcome.verdict, dict(outcome.figures), seeds, effort, seconds)
