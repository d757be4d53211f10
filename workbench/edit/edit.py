"""Edit the text of an image with a found set: change what it says, keep the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from workbench.edit.inversion import fitted, read_photo, with_invertible_sampler
from workbench.edit.job import GIVEN, EditJob
from workbench.edit.prompt_to_prompt import equally_long, why_not
from workbench.edit.result import EditResult
from workbench.edit.settings import METHODS, EditSettings
from workbench.localize.job import Listener
from workbench.localize.open_found import caveats, found_sites, open_found
from workbench.localize.pairs import Pair, make_pairs
from workbench.localize.result import FoundSet, Localization
from workbench.metrics.reader import open_reader
from workbench.models.model import Model
from workbench.models.open import open_model
from workbench.patch.generate import Sampling
from workbench.runs.images import pixel_hash, write_image
from workbench.runs.reopen import reopen_model
from workbench.runs.store import Run, RunStore
from workbench.sites.find import find_sites
from workbench.sites.site import SiteMap

DEFAULT_OUT: Final = "workbench-runs"
Found = FoundSet | Localization | str | Path


def edit_text(
    model: Model | Any,
    found: Found,
    source: str,
    target: str | Sequence[str],
    *,
    image: str | Path | None = None,
    **options: Any,
) -> EditResult:
    """Change the text of an image and keep the rest.

    From one noise the model generates the source prompt everywhere, but at the found sites the target prompt's text
    keys and values (Staniszewski et al., "Precise Parameter Localization for Textual Generation in Diffusion Models",
    arXiv 2502.09935). Beside this edit (`found`) the result shows the same with `all_sites`, plain generation with
    the target prompt from the same noise (`regenerate`) and, for U-Nets, Prompt-to-Prompt (`p2p`, arXiv 2208.01626).
    The latter needs prompts with equal numbers of tokens, since its attention maps belong to tokens; for others it is
    left out, and the notes of the result say so.

    Args:
        model: an opened model, or anything `open_model` takes.
        found: a found set, a localisation, a JSON file of either, or the id of a finished run.
        source: the prompt of the image, with its text in double quotes.
        target: the prompt with the wanted text in double quotes; several are edited as rows of one batch.
        image: a file whose image is edited; its noise is found by inverting a DDIM or rectified-flow sampler (see
            `workbench.edit.inversion`), and `source` must say what it shows. It is cropped around its centre to the
            model's aspect ratio and scaled. Figures then compare with this image, so the row `source` says how well
            the inversion reconstructs it. Guidance is off unless given: it makes inversion less exact.
        **options: see `edit_benchmark`.

    Returns:
        The result; images, `result.json` and `methods.csv` lie in the run's folder.

    Raises:
        InputError: prompts without quoted text, an unreadable image, bad settings, an unknown found set.
        RefusedError: a model that cannot be patched, has no weights, or, with an image, cannot be inverted.
    """
    targets = [target] if isinstance(target, str) else list(target)
    pairs = [Pair.of_prompts(source, wanted) for wanted in targets]
    return _edit(model, found, pairs, None if image is None else read_photo(image), **options)


def edit_benchmark(model: Model | Any, found: Found, pairs: Sequence[Pair] | int, **options: Any) -> EditResult:
    """Edit many pairs with several noises each, and score every method with intervals over the pairs.

    Args:
        model, found: see `edit_text`.
        pairs: prompt pairs, or how many to make; for a fair figure not those that the sites were found with.
        **options: `seeds` (a number or a list), `steps`, `guidance`, `heads` (to patch at the found sites; all),
            `start_step` (loop index from which patches apply; the paper's best are 2 to 4), `reader`, `max_rows`,
            `runs` (folder of the store in which the found set's run is looked up), `out` (folder of the run store;
            nothing is written elsewhere), `on_progress` (called after each batch), `should_stop` (asked at each
            denoiser call; True ends the run like Ctrl-C, to be resumed later).

    Returns, raises: as `edit_text`.
    """
    return _edit(model, found, pairs, None, **options)


def _edit(
    model: Model | Any,
    found: Found,
    pairs: Sequence[Pair] | int,
    photo: Image.Image | None,
    *,
    seeds: int | Sequence[int] = 1,
    steps: int | None = None,
    guidance: float | None = None,
    runs: str | Path = DEFAULT_OUT,
    out: str | Path = DEFAULT_OUT,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
    **settings: Any,
) -> EditResult:
    chosen = open_found(found, runs=runs)
    opened = open_model(model)
    opened.require_weights()
    sites = find_sites(opened)
    if photo is not None:
        with_invertible_sampler(opened)
        guidance = 1.0 if guidance is None else guidance
    sampling = Sampling.of(opened, steps=steps, guidance=guidance)
    given = None if photo is None else fitted(photo, opened, sampling)
    if given is not None:
        sampling = replace(sampling, height=given.shape[0], width=given.shape[1])
    plan = EditSettings(
        pairs=tuple(make_pairs(pairs, embedded=opened.glyph) if isinstance(pairs, int) else pairs),
        seeds=tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds),
        sampling=sampling,
        found=tuple(site.index for site in found_sites(opened, chosen)),
        image=given is not None,
        **settings,
    )
    # Heads that a site lacks are noticed when the patches are made.
    plan.arm("found", len(sites)).patches(sites, source_row=0)
    reader, store = open_reader(plan.reader), RunStore(out)
    run = _create(store, opened, chosen, sites, plan, given)
    return EditJob(store, run, opened, sites, plan, reader, on_progress, should_stop).execute()


def _create(
    store: RunStore, model: Model, found: FoundSet, sites: SiteMap, plan: EditSettings, given: np.ndarray | None
) -> Run:
    """Add the run to the store, with the given image beside it."""
    fingerprint, compared = model.fingerprint(), _comparable(model, sites, plan)
    config = {
        "model": model.name,
        "fingerprint": fingerprint,
        "found": {"model": found.model, "fingerprint": found.fingerprint, "sites": list(found.sites)},
        "settings": plan.to_dict(),
        "notes": _notes(found, fingerprint, plan, compared, why_not(model, sites.sites)),
        "image": None if given is None else pixel_hash(given),
    }
    images = len(plan.seeds) * ((len(METHODS) - 1) * len(plan.pairs) + compared)
    run = store.create("edit", model.name, config, {"images": images})
    if given is not None:
        write_image(run.folder / GIVEN, given)
    return run


def _comparable(model: Model, sites: SiteMap, plan: EditSettings) -> int:
    """Return the number of pairs to which Prompt-to-Prompt applies."""
    return 0 if why_not(model, sites.sites) else sum(equally_long(model, pair) for pair in plan.pairs)


def _notes(found: FoundSet, fingerprint: str, plan: EditSettings, compared: int, reason: str) -> list[str]:
    """Return what a reader of the result must know."""
    notes = caveats(found, fingerprint)
    if reason:
        notes.append(f"Prompt-to-Prompt is left out: {reason}.")
    elif compared < len(plan.pairs):
        notes.append(
            f"Prompt-to-Prompt is run on {compared} of {len(plan.pairs)} pairs, those whose prompts have equal numbers "
            "of tokens: its attention maps belong to tokens."
        )
    return notes


def resume(
    store: RunStore,
    run: Run,
    *,
    model: Model | None = None,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> EditResult:
    """Go on with an edit where it stopped; a finished one returns the same result from the stored cells.

    Args:
        store: the store that holds it.
        run: the run.
        model: the model, needed only if it was a live pipeline.
        on_progress, should_stop: see `edit_benchmark`.

    Raises:
        InputError: a run of another verb, or other weights than those the run began with.
    """
    opened = reopen_model(run, "edit", model)
    plan = EditSettings.from_dict(run.config["settings"])
    job = EditJob(store, run, opened, find_sites(opened), plan, open_reader(plan.reader), on_progress, should_stop)
    return job.execute()
