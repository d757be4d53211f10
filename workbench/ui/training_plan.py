"""What an adapter's training would change and cost, and what stands in its way, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.ui.adapter_code import DEFAULTS
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.adapt.settings import AdapterSettings
    from workbench.adapt.targets import Target
    from workbench.localize.result import FoundSet
    from workbench.models.model import Model

VERB: Final = "train_adapter"
SIGNS: Final = "signs"
SIGNS_COUNT: Final = 256
# AdamW keeps two numbers beside each weight and its gradient, all of 4 bytes.
BYTES_A_WEIGHT: Final = 16


def settings_of(setup: Mapping[str, Any]) -> AdapterSettings:
    """Return the settings that an `adapter_setup` asks for.

    Raises:
        InputError: a setting out of range.
    """
    from workbench.adapt.settings import AdapterSettings

    chosen = {name: setup.get(name, usual) for name, usual in DEFAULTS.items()}
    return AdapterSettings(**chosen, prompts=list(setup["prompts"]))


def data_folder(workspace: Workspace, setup: Mapping[str, Any]) -> Path:
    """Return the folder of the training data; the signs of the package are drawn when a training first needs them."""
    return workspace.folder / "data" / SIGNS if setup["data"] is None else Path(setup["data"]).expanduser()


def training_plan(workspace: Workspace, setup: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `adapter_plan` of the protocol.

    Raises:
        InputError: an unknown model or found set, or settings out of range.
        RefusedError: a model whose text attention cannot be trained.
    """
    from workbench.adapt.targets import count_parameters
    from workbench.localize.open_found import caveats
    from workbench.ui.localization import free_memory

    settings = settings_of(setup)
    model, found = workspace.model(setup["model"]), workspace.found(setup["found"])
    targets, missing = matched_targets(model, found, settings)
    images, problems = _images(workspace, setup, settings.seed)
    if missing or not targets:
        problems.append(_mismatch(model, found, missing))
    weights = count_parameters(model, targets)
    return {
        "targets": [{**asdict(target), "matched": True} for target in targets]
        + [{"module": name, "rank": 0, "alpha": 0.0, "matched": False} for name in missing],
        "sites": list(found.indices),
        "parameters": weights,
        "share": weights / model.total_parameters,
        "notes": caveats(found, model.fingerprint()),
        "images": images,
        "problems": [*problems, *_obstacles(model, targets)],
        "seconds": _seconds(workspace, model.name, settings.steps * settings.batch),
        "memory_bytes": _memory(model, weights),
        "free_bytes": free_memory(),
    }


def matched_targets(
    model: Model, found: FoundSet, settings: AdapterSettings
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Return the modules that would be trained, and the sites of the found set that the model lacks."""
    from workbench.adapt.targets import resolve_targets
    from workbench.sites.find import find_sites

    sites = find_sites(model)
    known = {site.name for site in sites}
    present = [sites[name] for name in found.sites if name in known]
    targets = resolve_targets(model, present, rank=settings.rank, alpha=settings.alpha)
    return targets, tuple(name for name in found.sites if name not in known)


def _mismatch(model: Model, found: FoundSet, missing: tuple[str, ...]) -> dict[str, str]:
    matched, total = len(found.sites) - len(missing), len(found.sites)
    return {
        "field": "found",
        "message": f"{matched} of {total} sites of this found set are in {model.name}. It was made on {found.model}.",
        "hint": f"Open {found.model}, or choose a found set of this model.",
    }


def _images(workspace: Workspace, setup: Mapping[str, Any], seed: int) -> tuple[int, list[dict[str, str]]]:
    """Return how many images there are to train on, and what is wrong with them."""
    from workbench.adapt.data import open_data

    if setup["data"] is None:
        return SIGNS_COUNT, []
    try:
        return len(open_data(data_folder(workspace, setup), seed).captions), []
    except InputError as error:
        return 0, [_problem("data", error)]


def _obstacles(model: Model, targets: tuple[Target, ...]) -> list[dict[str, str]]:
    from workbench.adapt.attach import require_plain

    try:
        if targets:
            require_plain(model, targets)
        return []
    except InputError as error:
        return [_problem("model", error)]


def _problem(field: str, error: InputError) -> dict[str, str]:
    return {"field": field, "message": f"Expected {error.expected}; got {error.got}.", "hint": error.do}


def _seconds(workspace: Workspace, model: str, images: int) -> float | None:
    """Return the expected seconds at the speed of the newest finished training of that model; None without one."""
    if not workspace.has_store:
        return None
    store = workspace.store()
    runs = [run for run in store.list() if (run.verb, run.model, run.status) == (VERB, model, "done")]
    cost = store.cost(runs[-1]) if runs else {"denoiser_rows": 0}
    return cost["seconds"] / cost["denoiser_rows"] * images if cost["denoiser_rows"] else None


def _memory(model: Model, weights: int) -> int:
    """Return the bytes that are needed at least: activations of the training come on top."""
    from workbench.localize.forecast import weight_bytes

    copy = sum(parameter.nbytes for parameter in model.denoiser.parameters())
    return weight_bytes(model) + copy + BYTES_A_WEIGHT * weights
