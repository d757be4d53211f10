"""Train an adapter on exactly the sites that were found, and prove what is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from workbench.adapt.adapter import Adapter, LowRank
from workbench.adapt.attach import NAME, attached, require_plain
from workbench.adapt.data import BatchSource, open_data
from workbench.adapt.export import check_path, export_adapter
from workbench.adapt.header import Format
from workbench.adapt.loop import CHECKPOINT, Loop, TrainingProgress
from workbench.adapt.objective import Objective
from workbench.adapt.proof import PIPELINE_LOADER
from workbench.adapt.result import AdapterTraining
from workbench.adapt.settings import AdapterSettings, precision_on
from workbench.adapt.targets import Target, resolve_targets
from workbench.errors import InputError, RefusedError
from workbench.localize.open_found import caveats, found_sites, open_found
from workbench.localize.result import FoundSet, Localization
from workbench.models.model import Model
from workbench.models.open import open_model

NAMES: Final[dict[Format, str]] = {"diffusers": "adapter.safetensors", "peft": "adapter"}


@dataclass(frozen=True)
class Plan:
    """What will be trained: sites, their evidence and caveats (none for targets given by hand), and modules."""

    sites: tuple[str, ...]
    found: dict[str, Any] | None
    notes: tuple[str, ...]
    targets: tuple[Target, ...]


def train_adapter(
    model: Model | Any,
    found: FoundSet | Localization | str | Path | Sequence[Target],
    data: Any,
    *,
    out: str | Path,
    runs: str | Path = "workbench-runs",
    settings: AdapterSettings | None = None,
    overwrite: bool = False,
    on_progress: Callable[[TrainingProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> AdapterTraining:
    """Train low-rank adapters (Hu et al. 2021, arXiv 2106.09685) in the attention of the found sites and nowhere else.

    That a text-writing adapter needs only these is the claim of Staniszewski et al., arXiv 2502.09935, section 5.1.
    Stopped at any moment, also by kill -9, the same call goes on at the last checkpoint and ends with the same weights.
    Whatever ends the call, the model is bit for bit as it was.

    Args:
        model: an opened model with weights, or anything `open_model` takes.
        found: a found set, a localisation, its file, a run; or targets chosen by hand, such as a control.
        data: a folder with `metadata.jsonl` or `metadata.csv`, a function of the batch's number, or an iterable of
            batches; see `open_data`.
        out: folder of this training; nothing is written elsewhere.
        runs: folder of the run store in which a run is looked up.
        settings: ranks, steps and so on; the defaults unless given.
        overwrite: replace an adapter that is there.
        on_progress: called after each step; what it raises ends the training, which can go on later.
        should_stop: asked at each forward pass; True ends the training like Ctrl-C, and nothing of it is lost.

    Returns:
        The outcome; `adapter.safetensors` (a folder `adapter` for pipelines that load no LoRA), `training.json` and
        `samples/` lie in `out`.

    Raises:
        InputError: bad settings, data, found set or folder; images or losses that are not finite.
        RefusedError: a model that cannot be trained here.
        RuntimeError: the written adapter could not be loaded back.
    """
    chosen, folder = settings or AdapterSettings(), Path(out)
    for kind, name in NAMES.items():
        check_path(folder / name, kind, overwrite)
    source = open_data(data, chosen.seed)
    wanted = _wanted(found, runs)
    opened = open_model(model)
    plan = _plan(opened, wanted, chosen)
    require_plain(opened, plan.targets)
    if chosen.gradient_checkpointing and not getattr(opened.denoiser, "_supports_gradient_checkpointing", False):
        raise RefusedError("a denoiser that can compute activations twice", opened.name, "train without checkpointing")
    objective = Objective.of(opened, chosen.height, chosen.width)
    chosen = replace(chosen, precision=precision_on(opened.device, chosen.precision))
    format: Format = "diffusers" if hasattr(opened.pipeline, PIPELINE_LOADER) else "peft"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        identity = _identity(opened, plan, source, chosen)
        with attached(opened, plan.targets, seed=chosen.seed) as layers:
            loop = Loop(objective, source, chosen, folder, layers, identity, on_progress, should_stop)
            progress = loop.run()
            adapter = _trained(opened, plan, chosen, layers)
        export = export_adapter(opened, adapter, folder / NAMES[format], format=format, overwrite=overwrite)
        result = AdapterTraining(
            model=opened.name,
            sites=plan.sites,
            export=export,
            losses=tuple(progress.losses),
            validations=tuple(progress.validations),
            settings=chosen.to_dict(),
            seconds=round(progress.seconds, 2),
            notes=plan.notes,
        )
        result.save(folder / "training.json")
        (folder / CHECKPOINT).unlink(missing_ok=True)
    return result


def _wanted(found: Any, runs: str | Path) -> FoundSet | tuple[Target, ...]:
    if isinstance(found, (list, tuple)) and all(isinstance(one, Target) for one in found):
        return tuple(found)
    return open_found(found, runs=runs)


def _plan(model: Model, found: FoundSet | tuple[Target, ...], settings: AdapterSettings) -> Plan:
    if not isinstance(found, FoundSet):
        return Plan((), None, (), found)
    sites = found_sites(model, found)
    targets = resolve_targets(model, sites, projections=settings.projections, rank=settings.rank, alpha=settings.alpha)
    return Plan(found.sites, asdict(found), tuple(caveats(found, model.fingerprint())), targets)


def _identity(model: Model, plan: Plan, source: BatchSource, settings: AdapterSettings) -> str:
    parts = [model.fingerprint(), [asdict(target) for target in plan.targets], source.identity, settings.to_dict()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _trained(model: Model, plan: Plan, settings: AdapterSettings, layers: dict[str, Any]) -> Adapter:
    weights = {
        target.module: LowRank(
            layers[target.module].lora_A[NAME].weight.detach().cpu().clone(),
            layers[target.module].lora_B[NAME].weight.detach().cpu().clone(),
            target.alpha,
        )
        for target in plan.targets
    }
    evidence = {"licence": settings.licence, "found": plan.found, "training": settings.to_dict()}
    return Adapter(model.component, weights, evidence)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            "a folder in which nobody trains", f"{str(folder)!r}, held by another process", "wait, or give another"
        ) from error
    try:
        yield
    finally:
        lock.release()
