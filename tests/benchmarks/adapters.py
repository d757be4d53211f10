"""Teach a glyph model digits with adapters of equal size in different places, and measure what each place costs.

Run: python tests/benchmarks/adapters.py --out adapters [--model glyph-mmdit] [--found RUN|FILE] [--seeds 3]

The glyph models draw letters only. Four adapters, as equal in trained weights as whole ranks allow, learn strings of
four digits they never saw: in the found sites, in as many other sites, in all sites, and in all linear layers. Half of
the captions are of letters, as in the training of the model: without them every adapter forgets letters at once.
Measured on strings that are never trained on: F1 of the digits read and share read exactly (new text), held-out words
of letters read exactly (old text), and how far the images of these words moved from the unadapted ones of the same
noise (drift, 1 - SSIM). Each cell (place x seed) is stored when it is done and trained in a folder of its own, so a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import torch
from torch import nn

from workbench.adapt.attach import adapter_on
from workbench.adapt.settings import AdapterSettings
from workbench.adapt.targets import Target, count_parameters, resolve_targets
from workbench.adapt.train import train_adapter
from workbench.errors import InputError
from workbench.glyph.captions import Caption, draw_caption, held_out_words, is_held_out, training_caption
from workbench.glyph.draw import COLOURS, THINGS
from workbench.localize.localize import localize
from workbench.localize.open_found import found_sites, open_found
from workbench.metrics import TextScores, open_reader, score_texts, ssim_many
from workbench.models.model import Model
from workbench.models.open import open_model
from workbench.patch.generate import Sampling, generate
from workbench.sites.find import find_sites
from workbench.sites.site import Site

PLACES = ("found sites", "random sites", "all sites", "all linear layers")
MEASURES = ("new_f1", "new_text", "old_text", "drift")
DIGITS = "2479"
LENGTHS = (2, 3, 4, 5)
LETTERS_SHARE = 0.5
EMA = 0.97
ROWS = 20


@dataclass(frozen=True)
class Setup:
    """What all cells share.

    Args:
        model: a glyph model.
        found: its found sites.
        steps, batch, learning_rate: of each training.
        words: strings of digits and words of letters to measure with.
        rank: of the adapter in all linear layers; its number of weights is what all adapters have.
    """

    model: Model
    found: tuple[Site, ...]
    steps: int
    batch: int
    learning_rate: float
    words: int
    rank: int


def scene(word: str, rng: random.Random) -> Caption:
    """Put a word on a random thing."""
    return Caption(word, rng.choice(tuple(COLOURS)), rng.choice(THINGS))


def digit_string(rng: random.Random) -> str:
    """Draw a string of two to five digits that is trained on; a tenth, like a tenth of all words, is held out."""
    while True:
        digits = "".join(rng.choices(DIGITS, k=rng.choice(LENGTHS)))
        if not is_held_out(digits):
            return digits


def training_batches(seed: int, size: int) -> Any:
    """Return the function that draws the training batch of a number."""

    def batch(number: int) -> list[tuple[np.ndarray, str]]:
        rng = random.Random(f"{seed}/{number}")
        captions = [
            training_caption(rng) if rng.random() < LETTERS_SHARE else scene(digit_string(rng), rng)
            for _ in range(size)
        ]
        images = [(draw_caption(caption, rng) * 255).round().astype(np.uint8) for caption in captions]
        return [(image, caption.prompt) for image, caption in zip(images, captions, strict=True)]

    return batch


def targets_of(setup: Setup, place: str, seed: int) -> tuple[Target, ...]:
    """Return the modules of a place, with ranks that use the found sites' number of weights as nearly as they can."""
    model, every = setup.model, find_sites(setup.model).sites
    linear = [name for name, module in model.denoiser.named_modules() if isinstance(module, nn.Linear)]
    budget = _budget(model, setup.found, linear, setup.rank)
    if place == "all linear layers":
        return _filled(model, linear, budget, seed)
    sites: Sequence[Site] = {"found sites": setup.found, "all sites": every}.get(place, ())
    if place == "random sites":
        others = [site for site in every if site not in setup.found]
        sites = random.Random(seed).sample(others, k=min(len(setup.found), len(others)))
    return _filled(model, [target.module for target in resolve_targets(model, sites, rank=1)], budget, seed)


def _budget(model: Model, found: Sequence[Site], linear: Sequence[str], rank: int) -> int:
    """Return the least number of weights that gives every linear layer this rank and the found sites a whole one."""
    unit = count_parameters(model, resolve_targets(model, found, rank=1))
    least = count_parameters(model, [Target(name, rank, rank) for name in linear])
    return -(-least // unit) * unit


def _filled(model: Model, modules: Sequence[str], budget: int, seed: int) -> tuple[Target, ...]:
    """Give every module the same rank, and one more to as many of them as the budget allows."""
    costs = {name: count_parameters(model, [Target(name, 1, 1.0)]) for name in modules}
    rank, rest = divmod(budget, sum(costs.values()))
    ranks = dict.fromkeys(modules, rank)
    for name in random.Random(seed).sample(list(modules), k=len(modules)):
        if costs[name] <= rest:
            ranks[name] += 1
            rest -= costs[name]
    return tuple(Target(name, rank, float(rank)) for name, rank in ranks.items())


def measured_captions(words: int) -> tuple[list[Caption], list[Caption]]:
    """Return captions of unseen digits and of held-out words, the same for all cells."""
    rng = random.Random(0)
    strings = ["".join(some) for length in LENGTHS for some in product(DIGITS, repeat=length)]
    new = [scene(text, rng) for text in rng.sample([text for text in strings if is_held_out(text)], k=words)]
    return new, [scene(text, rng) for text in held_out_words(words, letters=4)]


def draw(model: Model, captions: Sequence[Caption]) -> np.ndarray:
    """Return images uint8 [caption, height, width, 3], each of the noise of its place."""
    parts = []
    for first in range(0, len(captions), ROWS):
        some = captions[first : first + ROWS]
        seeds = list(range(first, first + len(some)))
        parts.append(generate(model, [caption.prompt for caption in some], seeds, Sampling.of(model)).images)
    return np.concatenate(parts)


def read(images: np.ndarray, captions: Sequence[Caption]) -> TextScores:
    """Compare what is read in images with what they should say."""
    return score_texts(open_reader().read(list(images)), [caption.word for caption in captions])


def measure_cell(setup: Setup, place: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train one adapter and measure it."""
    targets = targets_of(setup, place, seed)
    settings = AdapterSettings(
        steps=setup.steps, batch=setup.batch, learning_rate=setup.learning_rate, ema=EMA, seed=seed, prompts=()
    )
    trained = train_adapter(
        setup.model, targets, training_batches(seed, setup.batch), out=folder, settings=settings, overwrite=True
    )
    new, old = measured_captions(setup.words)
    before = draw(setup.model, old)
    with adapter_on(setup.model, trained.adapter):
        learnt, after = read(draw(setup.model, new), new), draw(setup.model, old)
    return {
        "place": place,
        "seed": seed,
        "modules": len(targets),
        "parameters": trained.adapter.parameters,
        "new_f1": learnt.f1,
        "new_text": learnt.word_accuracy,
        "old_text": read(after, old).word_accuracy,
        "drift": float((1 - ssim_many(after, before)).mean()),
        "seconds": trained.seconds,
    }


def run(setup: Setup, seeds: int, out: Path) -> pd.DataFrame:
    """Measure all cells that are not stored yet, and return one row per cell, the unadapted model first."""
    out.mkdir(parents=True, exist_ok=True)
    new, old = measured_captions(setup.words)
    before, known = read(draw(setup.model, new), new), read(draw(setup.model, old), old)
    plain = {"new_f1": before.f1, "new_text": before.word_accuracy, "old_text": known.word_accuracy, "drift": 0.0}
    rows: list[dict[str, Any]] = [{"place": "no adapter", "seed": 0, "modules": 0, "parameters": 0, **plain}]
    for seed in range(seeds):
        for place in PLACES:
            name = f"{place.replace(' ', '-')}-{seed}"
            file = out / f"{name}.json"
            if not file.is_file():
                part = file.with_suffix(".part")
                part.write_text(json.dumps(measure_cell(setup, place, seed, out / name)), encoding="utf-8")
                part.replace(file)
            rows.append(json.loads(file.read_text(encoding="utf-8")))
            print({key: rows[-1][key] for key in ("place", "seed", "parameters", *MEASURES)}, flush=True)
    return pd.DataFrame(rows)


def keep_to_settings(setup: Setup, file: Path) -> None:
    """Note the settings of a folder's cells, and refuse to mix them with cells of other settings."""
    sites = [site.name for site in setup.found]
    numbers = [setup.steps, setup.batch, setup.learning_rate, setup.words, setup.rank]
    settings = {"model": setup.model.name, "fingerprint": setup.model.fingerprint(), "found": sites, "numbers": numbers}
    if file.is_file() and json.loads(file.read_text(encoding="utf-8")) != settings:
        raise InputError("the settings of the cells that are there", f"others than {file}", "give another --out")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings), encoding="utf-8")


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Return means over seeds, with the lowest and the highest."""
    groups = cells.groupby("place", sort=False)
    table = groups[["modules", "parameters", *MEASURES]].mean()
    for name in MEASURES:
        table[f"{name}_range"] = [f"{rows[name].min():.2f}..{rows[name].max():.2f}" for _, rows in groups]
    return table


def verdict(table: pd.DataFrame) -> str:
    """Compare the found sites with the best of the other places, measure by measure."""
    found, others = table.loc["found sites"], table.drop(index=["no adapter", "found sites"])
    lines = []
    for name in MEASURES:
        best = others[name].idxmin() if name == "drift" else others[name].idxmax()
        ahead = found[name] - others.loc[best, name]
        word = "as good as" if ahead == 0 else "better than" if (ahead < 0) == (name == "drift") else "worse than"
        lines.append(f"{name}: found sites {found[name]:.3f}, {word} {best} {others.loc[best, name]:.3f}")
    return "\n".join(lines)


def figure(cells: pd.DataFrame, file: Path) -> None:
    """Draw one panel per measure: bars of means, a dot per seed."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    titles = {
        "new_f1": "F1 of digits",
        "new_text": "digits read exactly",
        "old_text": "old words read exactly",
        "drift": "drift (1 - SSIM)",
    }
    places = list(dict.fromkeys(cells["place"]))
    fig, axes = pyplot.subplots(1, len(titles), figsize=(13, 3), sharey=True, layout="constrained")
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        axis.barh(places, cells.groupby("place", sort=False)[name].mean(), color="#9ab8d8")
        axis.plot(cells[name], cells["place"], "o", color="#1f3b5c", markersize=4)
        axis.set_title(title)
        axis.set_xlim(0, None if name == "drift" else 1)
    axes[0].invert_yaxis()
    fig.savefig(file, dpi=150)
    pyplot.close(fig)


def main() -> None:
    """Measure all cells, print the table and write cells.csv, table.csv and figure.png."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="glyph-mmdit")
    parser.add_argument("--found", help="a run or a file; the model is localised first unless given")
    parser.add_argument("--runs", default="workbench-runs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--words", type=int, default=40)
    parser.add_argument("--rank", type=int, default=4, help="of the adapter in all linear layers; sets all sizes")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = open_model(given.model)
    stored = given.out / "found.json"
    if given.found is None and not stored.is_file():
        given.out.mkdir(parents=True, exist_ok=True)
        localize(model, out=given.out / "runs").found.save(stored)
    found = open_found(given.found or stored, runs=given.runs)
    numbers = given.steps, given.batch, given.learning_rate, given.words, given.rank
    setup = Setup(model, found_sites(model, found), *numbers)
    keep_to_settings(setup, given.out / "settings.json")
    cells = run(setup, given.seeds, given.out)
    table = summary(cells)
    cells.to_csv(given.out / "cells.csv", index=False)
    table.to_csv(given.out / "table.csv")
    figure(cells, given.out / "figure.png")
    print(table.round(3).to_string())
    print(verdict(table))


if __name__ == "__main__":
    main()
