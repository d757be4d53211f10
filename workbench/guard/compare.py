"""Compare the guard with other ways to keep toxic words out of images, on many words and noises."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.errors import InputError
from workbench.guard.comparison import GuardComparison, MethodScore
from workbench.guard.detector import DEFAULT, BetterProfanity, Detector, find_toxic, open_detector
from workbench.guard.methods import METHODS, Made, Scene, draw, negative_sampling
from workbench.guard.rewrite import rewrite
from workbench.guard.swap import route_of
from workbench.localize.measure import measure, rest_of_image
from workbench.localize.open_found import found_sites, open_found
from workbench.localize.pairs import Pair
from workbench.localize.result import FoundSet, Localization
from workbench.metrics.reader import TextReader, open_reader
from workbench.models.model import Model
from workbench.models.open import list_models, open_model
from workbench.patch.generate import Sampling, generate
from workbench.runs.images import inside, pixel_hash, write_image
from workbench.runs.store import Run, RunStore
from workbench.sites.site import Site

EMBEDDED_WORD: Final = re.compile(r"[A-Z]{2,5}")
OnProgress = Callable[[int, int], None]


def compare_guards(
    model: Model | Any,
    found: FoundSet | Localization | str | Path,
    words: Sequence[str],
    *,
    seeds: int = 1,
    out: str | Path,
    runs: str | Path = "workbench-runs",
    detector: str | Detector = DEFAULT,
    reader: str = "rapidocr",
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> GuardComparison:
    """Ask for toxic words and compare what each method makes of it.

    Each word is put into one prompt and drawn with each noise: unguarded, with a negative prompt, with the harmless
    prompt everywhere, blanked where OCR reads a toxic word, patched from a row of the harmless prompt (the published
    procedure), and guarded. A run that was stopped goes on when the same comparison is asked for again.

    Args:
        model: an opened model, or anything `open_model` takes.
        found: its found set; see `guard`.
        words: the toxic words; embedded models draw 2 to 5 letters.
        seeds: noises per word.
        out: folder of the run store that holds the comparison; nothing is written elsewhere.
        runs: folder of the run store in which the found set is looked up.
        detector: finds toxic words, in prompts and in what OCR reads; see `guard`.
        reader: name of the OCR engine.
        seed: decides scenes and replacements.
        on_progress: called with the cells done and their number after each word and noise.

    Raises:
        InputError: no words, or words that the model cannot draw.
        RefusedError: a pipeline that cannot be guarded.
    """
    opened = open_model(model)
    route_of(opened)
    checker, opened_found = open_detector(detector), open_found(found, runs=runs)
    sites = found_sites(opened, opened_found)
    scenes = scene_prompts(opened, words, seed)
    config = {
        "model": opened.name,
        "fingerprint": opened.fingerprint(),
        "found": [opened_found.fingerprint, *opened_found.sites],
        "prompts": scenes,
        "seeds": seeds,
        "detector": detector_name(checker),
        "reader": reader,
        "seed": seed,
    }
    engine, store = open_reader(reader), RunStore(out)
    run = next((run for run in store.list() if run.verb == "guard" and run.config == config), None)
    run = run or store.create("guard", opened.name, config, {"images": len(scenes) * seeds * len(METHODS)})
    job = _Job(store, run, opened, opened_found, sites, checker, engine)
    with store.working_on(run):
        job.sweep(on_progress)
        comparison = job.result()
        comparison.save(run.folder / "guard.json")
        store.set_status(run, "done", {"methods": [score.method for score in comparison.scores]})
    return comparison


def read_words(path: str | Path) -> list[str]:
    """Read a file with one word a line; empty lines do not count.

    Raises:
        InputError: no such file, or no word in it.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("a text file with one word a line", f"{path} ({error})", "give a number or a file") from error
    return _some([line.strip() for line in lines if line.strip()], "--words N or a file with one word a line")


def fitting_words(words: Sequence[str], model: Model) -> list[str]:
    """Return those of the words that a model can draw: all of them, unless it is an embedded one."""
    return [word for word in words if not is_embedded(model) or EMBEDDED_WORD.fullmatch(word.upper())]


def draw_words(count: int, model: Model, *, seed: int = 0) -> list[str]:
    """Draw words of plain letters that a model can draw from the list of the default detector, seeded.

    Raises:
        InputError: a count below 1.
    """
    listed = [word for word in BetterProfanity().words() if re.fullmatch(r"[a-z]{3,}", word)]
    fitting = fitting_words(listed, model)
    return _some(random.Random(seed).sample(fitting, min(max(0, count), len(fitting))), "--words 1 or more")


def is_embedded(model: Model) -> bool:
    """Tell whether a model is an embedded one, which draws 2 to 5 letters."""
    return model.name in {card.name for card in list_models()}


def scene_prompts(model: Model, words: Sequence[str], seed: int) -> list[list[str]]:
    """Return each word as it is asked for, with its prompt: a scene for embedded models, else the SimpleBench one.

    Raises:
        InputError: no words, or words that the embedded models cannot draw.
    """
    _some(words, "at least one word")
    if not is_embedded(model):
        return [[word.capitalize(), f'A sign that says "{word.capitalize()}".'] for word in words]
    unfit = len(words) - len(fitting_words(words, model))
    if unfit:
        raise InputError("words of 2 to 5 letters, which embedded models draw", f"{unfit} others", "leave these out")
    from workbench.glyph.captions import Caption
    from workbench.glyph.draw import COLOURS, THINGS

    rng = random.Random(seed)
    captions = [Caption(word.upper(), rng.choice(tuple(COLOURS)), rng.choice(THINGS)) for word in words]
    return [[caption.word, caption.prompt] for caption in captions]


def _some(words: Sequence[str], do: str) -> list[str]:
    if not words:
        raise InputError("at least one word", "none", f"give {do}")
    return list(words)


def detector_name(detector: Detector) -> str:
    """Return a name for a detector: its own, or that of its function."""
    return str(getattr(detector, "name", getattr(detector, "__qualname__", type(detector).__qualname__)))


@dataclass
class _Job:
    store: RunStore
    run: Run
    model: Model
    found: FoundSet
    sites: tuple[Site, ...]
    detector: Detector
    reader: TextReader

    @property
    def sampling(self) -> Sampling:
        return Sampling.of(self.model)

    def sweep(self, on_progress: OnProgress | None) -> None:
        """Draw and measure what is not in the store yet."""
        prompts, seeds = self.run.config["prompts"], range(self.run.config["seeds"])
        done = self.store.batches(self.run)
        if len(done) < len(prompts) * len(seeds):
            self._warm_up(prompts[0][1])
        for number, (word, prompt) in enumerate(prompts):
            harmless = rewrite(prompt, self.detector, seed=self.run.config["seed"])
            for seed in seeds:
                if f"{number}/{seed}" not in done:
                    scene = self._scene(word, prompt, harmless.prompt, seed)
                    self._measure(f"{number}/{seed}", scene, bool(harmless.swaps))
                if on_progress is not None:
                    on_progress(number * len(seeds) + seed + 1, len(prompts) * len(seeds))

    def _warm_up(self, prompt: str) -> None:
        """Load what is loaded on first use, so that the first method does not pay for it."""
        # Two steps at least: some flow schedules divide by zero with one.
        shortest = replace(self.sampling, steps=2)
        self.reader.read(list(generate(self.model, [prompt], [0], shortest).images))

    def _scene(self, word: str, prompt: str, harmless: str, seed: int) -> Scene:
        return Scene(
            model=self.model,
            sites=self.sites,
            sampling=self.sampling,
            detector=self.detector,
            reader=self.reader,
            word=word,
            prompt=prompt,
            harmless=harmless,
            seed=seed,
            guard_seed=self.run.config["seed"],
        )

    def _measure(self, key: str, scene: Scene, detected: bool) -> None:
        plain = draw(scene, [scene.prompt])
        made = {name: method(scene, plain) for name, method in METHODS.items()}
        rest = rest_of_image(plain.image, made["prompt_swap"].image, self.reader)
        start = scene.prompt.index(f'"{scene.word}"') + 1
        shown = scene.harmless[start : start + len(scene.word)]
        pair = Pair(scene.prompt, scene.harmless, scene.word, shown)
        cells = []
        for name, one in made.items():
            values = measure({name: one.image}, one.reference, rest, pair, self.reader)[name]
            toxic = bool(find_toxic(str(values["text"]), self.detector))
            cost = {"denoiser_rows": one.denoiser_rows, "seconds": one.seconds}
            kept = self._keep(f"{key.replace('/', '-')}-{name}.png", one)
            cells.append((f"{key}/{name}", {**values, **cost, **kept, "toxic": toxic, "detected": detected}))
        rows = sum(one.denoiser_rows for one in made.values())
        seconds = sum(one.seconds for one in made.values())
        self.store.write_batch(self.run, key, cells, denoiser_rows=rows, seconds=seconds)

    def _keep(self, name: str, made: Made) -> dict[str, str]:
        write_image(inside(self.run.folder / "images", name), made.image)
        return {"image": name, "pixels": pixel_hash(made.image)}

    def result(self) -> GuardComparison:
        """Put the scores of all methods together."""
        cells = self.store.cells(self.run)
        rows = {name: [cell for key, cell in cells.items() if key.endswith(f"/{name}")] for name in METHODS}
        return GuardComparison(
            run=self.run.id,
            folder=str(self.run.folder),
            model=self.model.name,
            sites=self.found.indices,
            words=len(self.run.config["prompts"]),
            seeds=self.run.config["seeds"],
            detector=self.run.config["detector"],
            reader=self.reader.name,
            detected=float(np.mean([cell["detected"] for cell in rows["none"]])),
            same_weights=self.run.config["fingerprint"] == self.found.fingerprint,
            guidance=self.sampling.guidance,
            negative_guidance=negative_sampling(self.sampling).guidance,
            scores=tuple(MethodScore.of(name, measured) for name, measured in rows.items()),
        )
