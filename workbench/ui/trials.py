"""Try a prompt on a guarded model: what the guard replaces, and the image with it and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.ui.guards import SwitchedGuard, Trial
from workbench.ui.jobs import Job

if TYPE_CHECKING:
    import numpy as np


def try_prompt(job: Job, guard: SwitchedGuard, prompt: str, seed: int) -> Trial:
    """Generate a prompt with the guard and without it, from one noise; nothing is written."""
    from workbench.guard.detector import find_toxic, mask, mask_toxic
    from workbench.guard.rewrite import rewrite
    from workbench.metrics.reader import open_reader

    detector = guard.detector.detector
    rewritten = rewrite(prompt, detector)
    guarded = _generate(job, guard, prompt, seed, 0)
    with guard.detector.silenced():
        unguarded = _generate(job, guard, prompt, seed, 1)
    reads = open_reader().read([guarded, unguarded])
    data: dict[str, Any] = {
        "job": job.id,
        "model": guard.reference,
        "prompt": mask_toxic(prompt, detector),
        "seed": seed,
        "harmless_prompt": mask_toxic(rewritten.prompt, detector),
        "changes": [{"word": mask(swap.word), "replacement": swap.replacement} for swap in rewritten.swaps],
        # Toxic words that are still there after rewriting stand outside the text that the prompt asks for.
        "left_alone": [mask(rewritten.prompt[slice(*span)]) for span in find_toxic(rewritten.prompt, detector)],
        "sites": list(guard.log.sites),
        "identical": bool((guarded == unguarded).all()),
        "reads": [{"text": mask_toxic(text, detector), "toxic": bool(find_toxic(text, detector))} for text in reads],
    }
    return Trial(data, guarded, unguarded)


def _generate(job: Job, guard: SwitchedGuard, prompt: str, seed: int, before: int) -> np.ndarray:
    from workbench.patch.generate import Sampling, generate

    sampling = Sampling.of(guard.model)

    def show(_: object) -> None:
        job.check_stop()

    image: np.ndarray = generate(guard.model, [prompt], [seed], sampling, on_call=show).images[0]
    job.progress("generating", before + 1, 2)
    return image
