"""A stored localisation as the patching panel shows it, finished or not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from workbench.localize.forecast import Forecast
from workbench.localize.job import SITES_FILE
from workbench.localize.scores import ArmScore
from workbench.localize.settings import Settings
from workbench.localize.stages import patch_arm
from workbench.localize.stored import StoredLocalization
from workbench.models.open import list_models
from workbench.patch.arms import SOURCE, Arm
from workbench.runs.store import RunStore
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap
from workbench.ui.workspace import Workspace

SCORE: Final = ("arm", "sites", "effect", "ci", "drift", "drift_ci", "target_f1", "word_accuracy", "images")


def stored_localization(workspace: Workspace, run_id: str) -> StoredLocalization:
    """Read a run; its model is opened only if the run is so old that its sites were not stored.

    Raises:
        InputError: no such run, or one of another verb.
    """
    store, run = workspace.run(run_id, verb="localize")
    file = run.folder / SITES_FILE
    sites = SiteMap.load(file) if file.is_file() else find_sites(workspace.model_of(run))
    return StoredLocalization(store, run, sites)


def patching_result(store: RunStore, stored: StoredLocalization) -> dict[str, Any]:
    """Return the `patching_result` of the protocol, as far as the run has come."""
    run, settings = stored.run, stored.settings
    return {
        "run": run.id,
        "model": run.model,
        "status": store.status_now(run),
        "pairs": [asdict(pair) for pair in settings.pairs],
        "pairs_done": stored.pairs_done,
        "seeds": list(settings.seeds),
        "steps": settings.sampling.steps,
        "site_map": _site_map(stored),
        "screen": settings.screen,
        **_screening(stored),
        "singles": _scores(stored, [patch_arm(settings, [site]) for site in settings.sites]),
        "baseline": _score(stored.score(SOURCE)),
        "all_sites": _score(stored.score(stored.everything)),
        "random_sets": _scores(stored, stored.random_sets()),
        "trade_off": _scores(stored, stored.nested()),
        "combined": _scores(stored, stored.asked_sets()),
        "step_scores": [
            {"site": score.sites[0], "window": list(arm.steps), "effect": score.effect}
            for arm in stored.step_windows()
            if (score := stored.score(arm)) is not None
        ],
        "head_scores": [
            {"head": head, "score": _score(score)}
            for arm in stored.heads()
            for head in arm.heads or ()
            if (score := stored.score(arm)) is not None
        ],
        "found": _found(store, stored),
        "rule": {"share": settings.share, "drift_margin": settings.drift_margin},
        "seconds": store.cost(run)["seconds"],
        "forecast": forecast_of(Forecast(**run.forecast), settings),
    }


def forecast_of(expected: Forecast, settings: Settings) -> dict[str, Any]:
    """Return the `forecast` of the protocol."""
    rows = min(settings.max_rows, len(settings.sites) + 2)
    return {
        "images": expected.images,
        "denoiser_rows": expected.denoiser_rows,
        "seconds": expected.seconds,
        "memory_bytes": expected.weight_bytes + rows * expected.row_bytes,
        "free_bytes": free_memory(),
        "pairs": len(settings.pairs),
    }


def free_memory() -> int:
    """Return the bytes that are free where models are put: on the GPU if there is one, else in memory."""
    import psutil
    import torch

    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else int(psutil.virtual_memory().available)


def seconds_from_history(workspace: Workspace, model: str, denoiser_rows: int) -> float | None:
    """Return the expected seconds at the speed of the newest finished run of that model; None without one."""
    if not workspace.has_store:
        return None
    store = workspace.store()
    measured = [run for run in store.list() if run.verb in ("localize", "edit")]
    runs = [run for run in measured if (run.model, run.status) == (model, "done")]
    cost = store.cost(runs[-1]) if runs else {"denoiser_rows": 0}
    return cost["seconds"] / cost["denoiser_rows"] * denoiser_rows if cost["denoiser_rows"] else None


def arm_score(stored: StoredLocalization, arm: Arm | None) -> dict[str, Any] | None:
    """Return the `arm_score` of the protocol; None for no arm or one without images yet."""
    return None if arm is None else _score(stored.score(arm))


def _score(score: ArmScore | None) -> dict[str, Any] | None:
    if score is None:
        return None
    values = {name: getattr(score, name) for name in SCORE}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _scores(stored: StoredLocalization, arms: list[Arm]) -> list[dict[str, Any] | None]:
    return [_score(score) for score in stored.scores(arms)]


def _screening(stored: StoredLocalization) -> dict[str, Any]:
    if stored.screening is None:
        return {}
    sites = stored.screening.sites
    return {
        "screening": [
            {"site": site.index, "effect": site.effect, "ci": list(site.ci), "aside": site.aside} for site in sites
        ]
    }


def _site_map(stored: StoredLocalization) -> dict[str, Any]:
    sampling = stored.settings.sampling
    notes = {card.name: card.note for card in list_models()}
    own = {"steps": sampling.steps, "guidance": sampling.guidance, "note": notes.get(stored.run.model, "")}
    return {**stored.sites.to_dict(), **own}


def _found(store: RunStore, stored: StoredLocalization) -> dict[str, Any] | None:
    """Return the found set of a finished run."""
    result = store.result(stored.run)
    if stored.run.status != "done" or result is None:
        return None
    found = stored.found_set(result["found"])
    return {
        "sites": list(found.indices),
        "names": list(found.sites),
        "parameters": found.parameters,
        "share": found.share,
        "reached": found.reached,
        "score": _score(found.score),
    }
