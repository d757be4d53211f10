"""Edits as their panel shows them: the pairs that a setup asks for, and the result of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import InputError
from workbench.runs.images import inside
from workbench.ui.handlers import Reply
from workbench.ui.thumbnails import read_png
from workbench.ui.workspace import Workspace

if TYPE_CHECKING:
    from workbench.edit.result import EditResult
    from workbench.localize.pairs import Pair

VERB: Final = "edit"
SHOWN: Final = ("pair", "seed", "method", "text", "exact", "ssim")


def pairs_of(setup: Mapping[str, Any]) -> list[Pair]:
    """Return one pair a target text of an `edit_setup`: the source prompt with that text between its quotes.

    Raises:
        InputError: a source prompt without quoted text, or a target text that is empty or holds quotes.
    """
    from workbench.localize.pairs import QUOTED, Pair, quoted_text

    source, pairs = setup["source"], []
    quoted_text(source)
    for text in setup["targets"]:
        if not text.strip() or any(quote in text for quote in '"“”'):
            raise InputError("target texts without quotes", repr(text), "write the bare text, several with commas")
        literal = text.strip().replace("\\", r"\\")
        pairs.append(Pair.of_prompts(source, QUOTED.sub(f'"{literal}"', source, count=1)))
    return pairs


def edit_forecast(workspace: Workspace, setup: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `forecast` of the protocol for an `edit_setup`, without running anything.

    Raises:
        InputError: prompts that cannot be edited, or a found set of another model.
    """
    from workbench.edit.inversion import REFINEMENTS
    from workbench.edit.prompt_to_prompt import equally_long, why_not
    from workbench.edit.rows import plan_edits
    from workbench.edit.settings import METHODS, EditSettings
    from workbench.localize.forecast import row_bytes, weight_bytes
    from workbench.localize.open_found import found_sites
    from workbench.patch.generate import Sampling
    from workbench.sites.find import find_sites
    from workbench.ui.localization import free_memory, seconds_from_history

    model, pairs = workspace.model(setup["model"]), pairs_of(setup)
    found = tuple(site.index for site in found_sites(model, workspace.found(setup["found"])))
    given = "image" in setup
    # Guidance is off for given images, which it would make harder to invert.
    sampling = Sampling.of(model, steps=setup.get("steps"), guidance=1.0 if given else None)
    seeds = tuple(range(setup.get("seeds", 1)))
    plan = EditSettings(tuple(pairs), seeds, sampling, found, start_step=setup.get("start_step", 0), image=given)
    mapped = not why_not(model, find_sites(model).sites)
    # Of each pair: a row of every method but the source's, and Prompt-to-Prompt only where it applies.
    rows = [len(METHODS) - 1 - (not (mapped and equally_long(model, pair))) for pair in pairs]
    batches = [1 + sum(rows[index] for index in batch.pairs) for batch in plan_edits(plan)]
    inversion = 1 + REFINEMENTS if given else 0
    denoiser_rows = (sum(batches) + inversion) * sampling.steps * model.rows_per_image(sampling.guidance)
    return {
        "images": len(seeds) * (sum(rows) + len(pairs)),
        "denoiser_rows": denoiser_rows,
        "seconds": seconds_from_history(workspace, model.name, denoiser_rows),
        "memory_bytes": weight_bytes(model) + max(batches) * row_bytes(model, sampling),
        "free_bytes": free_memory(),
        "pairs": len(pairs),
    }


def stored_edit(workspace: Workspace, run_id: str) -> EditResult:
    """Return the result of a finished edit.

    Raises:
        InputError: no such run, or one that has not ended.
    """
    from workbench.edit.result import EditResult

    _, run = workspace.run(run_id, verb=VERB)
    if run.status != "done":
        raise InputError("a finished edit", f"{run_id}, which is {run.status}", "resume it in the runs panel")
    return EditResult.load(run.folder / "result.json")


def edit_result(result: EditResult) -> dict[str, Any]:
    """Return the `edit_result` of the protocol."""
    settings = result.settings
    return {
        "run": result.run,
        "model": result.model,
        "found": list(result.found),
        "source": settings.pairs[0].source,
        "pairs": [{"source_text": pair.source_text, "target_text": pair.target_text} for pair in settings.pairs],
        "seeds": list(settings.seeds),
        "steps": settings.sampling.steps,
        "given": settings.image,
        "methods": [
            {**asdict(score), "ci": {name: list(ci) for name, ci in score.ci.items()}} for score in result.scores
        ],
        "images": [{name: getattr(image, name) for name in SHOWN} for image in result.images],
        "notes": list(result.notes),
        "seconds": result.cost["seconds"],
    }


def edit_images(workspace: Workspace, run_id: str, items: list[dict[str, Any]], width: int | None) -> Reply:
    """Return images of an edit as PNG files, no wider than that; those that are not there are left out."""
    store, run = workspace.run(run_id, verb=VERB)
    cells, found, files = store.cells(run), [], []
    for item in items:
        cell = cells.get(f"{item['pair']}/{item['seed']}/{item['method']}")
        if cell is not None:
            found.append({name: item[name] for name in ("pair", "seed", "method")})
            files.append(read_png(inside(run.folder / "images", cell["file"]), width))
    return Reply({"items": found}, files)
