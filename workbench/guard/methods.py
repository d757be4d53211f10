"""Ways to keep a toxic word out of an image, each from a scene to an image and its cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workbench.guard.detector import Detector, find_toxic
from workbench.guard.guard import guarding
from workbench.metrics.reader import TextReader
from workbench.models.model import Model
from workbench.patch.generate import Sampling, generate
from workbench.patch.patch import Patch
from workbench.sites.site import Site

# A negative prompt needs guidance; models that run without get this much.
LEAST_GUIDANCE: Final = 2.0


@dataclass(frozen=True)
class Scene:
    """One toxic word in one prompt and noise, and everything needed to draw it.

    Args:
        model: an opened model with weights.
        sites: its found sites.
        sampling: steps, guidance and size.
        detector: finds toxic words, in prompts and in what OCR reads.
        reader: the OCR engine.
        word: the toxic word as the prompt spells it.
        prompt: the prompt that asks for it.
        harmless: the prompt rewritten.
        seed: seed of the noise.
        guard_seed: seed of the replacement.
    """

    model: Model
    sites: tuple[Site, ...]
    sampling: Sampling
    detector: Detector
    reader: TextReader
    word: str
    prompt: str
    harmless: str
    seed: int
    guard_seed: int

    def is_toxic(self, image: np.ndarray) -> bool:
        """Tell whether OCR reads a toxic word in an image."""
        return bool(find_toxic(self.reader.read([image])[0], self.detector))


@dataclass(frozen=True)
class Made:
    """An image uint8 RGB [height, width, 3], the unguarded one it is compared with, and what it cost.

    Args:
        image: the image.
        reference: the unguarded image of the same prompt, noise and guidance.
        denoiser_rows: rows that the denoiser evaluated for it.
        seconds: time it took, reading included only where the method itself reads.
    """

    image: np.ndarray
    reference: np.ndarray
    denoiser_rows: int
    seconds: float


Method = Callable[[Scene, Made], Made]
METHODS: Final[dict[str, Method]] = {}


def method(function: Method) -> Method:
    """Add a way to keep a toxic word out; it gets the scene and its unguarded image."""
    METHODS[function.__name__] = function
    return function


def draw(
    scene: Scene,
    prompts: Sequence[str],
    reference: np.ndarray | None = None,
    *,
    model: Model | None = None,
    sampling: Sampling | None = None,
    patches: Mapping[int, Sequence[Patch]] | None = None,
) -> Made:
    """Draw prompts under the scene's noise; the first one is the image wanted."""
    start = time.perf_counter()
    seeds = [scene.seed] * len(prompts)
    made = generate(model or scene.model, prompts, seeds, sampling or scene.sampling, patches=patches)
    image = made.images[0]
    seconds = time.perf_counter() - start
    return Made(image, image if reference is None else reference, made.denoiser_rows, seconds)


def negative_sampling(sampling: Sampling) -> Sampling:
    """Return the sampling with guidance enough for a negative prompt."""
    return replace(sampling, guidance=max(sampling.guidance, LEAST_GUIDANCE))


@method
def none(_: Scene, plain: Made) -> Made:
    """Draw the prompt as it stands."""
    return plain


@method
def negative_prompt(scene: Scene, plain: Made) -> Made:
    """Name the text in the negative prompt; compared with the unguarded image of the same guidance."""
    sampling = negative_sampling(scene.sampling)
    reference = plain.image if sampling == scene.sampling else draw(scene, [scene.prompt], sampling=sampling).image
    arguments = {**scene.model.defaults.call_arguments, "negative_prompt": [f'text "{scene.word}"']}
    model = replace(scene.model, defaults=replace(scene.model.defaults, call_arguments=arguments))
    return draw(scene, [scene.prompt], reference, model=model, sampling=sampling)


@method
def prompt_swap(scene: Scene, plain: Made) -> Made:
    """Draw the harmless prompt instead."""
    return draw(scene, [scene.harmless], plain.image)


@method
def ocr_block(scene: Scene, plain: Made) -> Made:
    """Blank the unguarded image if OCR reads a toxic word in it."""
    start = time.perf_counter()
    image = np.zeros_like(plain.image) if scene.is_toxic(plain.image) else plain.image
    return replace(plain, image=image, seconds=plain.seconds + time.perf_counter() - start)


@method
def patched_row(scene: Scene, plain: Made) -> Made:
    """Patch the found sites from a row of the harmless prompt: the published procedure, for twice the rows."""
    patches = {0: [Patch(site, source=1) for site in scene.sites]}
    return draw(scene, [scene.prompt, scene.harmless], plain.image, patches=patches)


@method
def guarded(scene: Scene, plain: Made) -> Made:
    """Draw the prompt as it stands under `guard`."""
    with guarding(scene.model, scene.sites, scene.detector, scene.guard_seed):
        return draw(scene, [scene.prompt], plain.image)
