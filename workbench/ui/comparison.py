"""A model with and without an adapter from the same noise: the text that was trained, and unrelated prompts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.files import write_whole
from workbench.runs.store import Run
from workbench.ui.jobs import Job

if TYPE_CHECKING:
    import numpy as np

    from workbench.models.model import Model

FILE: Final = "compared.json"
FOLDER: Final = "compared"
SEEDS_OF_TRAINED: Final = 4
# None of them is trained on, so what moves in their images is what the adapter costs.
UNRELATED: Final = (
    'A red sign that says "HELP"',
    'A green label that says "SALE"',
    'A white plate that says "CAFE"',
    'A blue screen that says "EXIT"',
)


@dataclass(frozen=True)
class Scene:
    """One prompt and one noise; `trained` says whether its text is what the adapter should have learnt."""

    prompt: str
    seed: int
    trained: bool


def compare_images(job: Job, run: Run, model: Model, adapter: Path) -> None:
    """Generate every scene with and without an adapter and store images, readings and drift in the run's folder."""
    from workbench.adapt.attach import adapter_on
    from workbench.adapt.load import load_adapter
    from workbench.metrics import open_reader
    from workbench.metrics.drift import ssim_many

    if (run.folder / FILE).is_file():
        return
    trained = run.config["setup"]["prompts"][0]
    scenes = [Scene(trained, seed, True) for seed in range(SEEDS_OF_TRAINED)]
    scenes += [Scene(prompt, 0, False) for prompt in UNRELATED]
    job.progress("comparing", 0, 2 * len(scenes))
    base = _draw(job, model, scenes, 0)
    with adapter_on(model, load_adapter(adapter, model)):
        adapted = _draw(job, model, scenes, len(scenes))
    files = [_store(run, side, images) for side, images in (("base", base), ("adapted", adapted))]
    texts = open_reader().read([*base, *adapted])
    drifts = 1 - ssim_many(adapted, base)
    entries = [
        {
            "prompt": scene.prompt,
            "seed": scene.seed,
            "trained": scene.trained,
            "base": reading_of(scene.prompt, files[0][place], texts[place]),
            "adapted": reading_of(scene.prompt, files[1][place], texts[len(scenes) + place]),
            "drift": float(drifts[place]),
        }
        for place, scene in enumerate(scenes)
    ]
    write_whole(run.folder / FILE, json.dumps(entries))


def _draw(job: Job, model: Model, scenes: list[Scene], before: int) -> np.ndarray:
    """Return one image a scene, uint8 RGB [scene, height, width, 3]."""
    import numpy as np

    from workbench.patch.generate import Sampling, generate

    images = []
    for number, scene in enumerate(scenes, start=1):
        made = generate(model, [scene.prompt], [scene.seed], Sampling.of(model), on_call=lambda _: job.check_stop())
        images.append(made.images[0])
        job.progress("comparing", before + number, 2 * len(scenes))
    return np.stack(images)


def _store(run: Run, side: str, images: np.ndarray) -> list[str]:
    from workbench.runs.images import write_image

    (run.folder / FOLDER).mkdir(exist_ok=True)
    names = [f"{FOLDER}/{side}-{place:02d}.png" for place in range(len(images))]
    for name, image in zip(names, images, strict=True):
        write_image(run.folder / name, image)
    return names


def reading_of(prompt: str, file: str, text: str) -> dict[str, Any]:
    """Return the `adapter_image` of the protocol: a file, what was read in it, and how near that is to its prompt."""
    from workbench.localize.pairs import QUOTED, quoted_text
    from workbench.metrics import score_texts

    scores = score_texts([text], [quoted_text(prompt)]) if QUOTED.search(prompt) else None
    f1, exact = (None, None) if scores is None else (scores.f1, scores.word_accuracy == 1)
    return {"file": file, "text": text, "f1": f1, "exact": exact}
