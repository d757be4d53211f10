"""A made-up localisation with a known answer: twelve sites, of which 5 and 6 write the text.

Words, images and scores are real, drawn and scored by the library; only the model is missing: every arm replaces
a share of the letters of the source word that depends on its sites, and costs some drift.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from workbench.glyph.captions import Caption, draw_caption
from workbench.localize.forecast import Forecast
from workbench.localize.job import image_name
from workbench.localize.pairs import Pair, make_pairs
from workbench.localize.result import FoundSet, Localization, RankedSite, Ranking
from workbench.localize.scores import ScoreTable
from workbench.localize.settings import Settings
from workbench.localize.stages import control_arms, detail_arms, nested_arms, patch_arm, ranked_sites, single_arms
from workbench.metrics import character_precision_recall
from workbench.patch.arms import SOURCE, TARGET, Arm
from workbench.patch.generate import Sampling
from workbench.runs.images import write_image

SITES = 12
HEADS = 4
STEPS = 20
STRENGTH = {5: 0.25, 6: 0.6}
NAMES = [
    f"{block}.attentions.{attention}.transformer_blocks.0.attn2"
    for block, attention in [(f"down_blocks.{i}", j) for i in (1, 2) for j in (0, 1)]
    + [("mid_block", 0)]
    + [(f"up_blocks.{i}", j) for i in (0, 1, 2) for j in (0, 1, 2)]
][:SITES]
Cells = dict[str, dict[str, Any]]


def settings_of(pairs: int, heads: bool, windows: int, seeds: int = 1) -> Settings:
    made = tuple(make_pairs(pairs, embedded=True))
    sampling = Sampling(STEPS, 3.0, 32, 96)
    sites = tuple(range(SITES))
    return Settings(made, tuple(range(seeds)), sampling, sites, heads=heads, step_windows=windows)


def strength(arm: Arm) -> float:
    """Share of letters that an arm replaces."""
    if arm.target:
        return 1.0
    whole = sum(STRENGTH.get(site, 0.01) for site in arm.sites)
    first, end = arm.steps
    steps = ((STEPS if end is None else end) - first) / STEPS * (1.6 if first < STEPS / 2 else 0.4)
    heads = 1.0 if arm.heads is None else (0.7, 0.2, 0.1, 0.0)[arm.heads[0]]
    return min(0.98, whole * heads * (1.0 if end is None else steps))


def picture(pair: Pair, word: str, seed: int, arm: Arm) -> np.ndarray:
    """Draw the pair's scene with a word; patching moves the wall a little."""
    _, colour, thing = pair.source.split()[:3]
    image = draw_caption(Caption(word, colour, thing), random.Random(seed))
    noise = np.random.default_rng(seed).normal(size=image.shape)
    image = image + noise * 0.0012 * len(arm.sites)
    return np.asarray((image.clip(0, 1) * 255).round(), dtype=np.uint8)


def word_of(pair: Pair, place: int, arm: Arm, movable: bool) -> str:
    """The source word with the share of its letters replaced that the arm is strong."""
    rng, own = random.Random(f"{pair.source_text}/{place}"), random.Random(f"{pair.source_text}/{place}/{arm.key}")
    share = strength(arm) if movable else 0.0
    letters = [
        b if 0.8 * rng.random() + 0.2 * own.random() < share else a
        for a, b in zip(pair.source_text, pair.target_text, strict=True)
    ]
    return "".join(letters) if own.random() < 0.97 else "".join(letters[:-1])


def measured(pair: Pair, word: str, drift: float) -> dict[str, Any]:
    """Score a word as a job does, with a made-up drift; SSIM falls with the letters replaced."""
    target, source = (character_precision_recall(word, text) for text in (pair.target_text, pair.source_text))
    return {
        "text": word,
        "target_precision": target[0],
        "target_recall": target[1],
        "source_precision": source[0],
        "source_recall": source[1],
        "exact": float(word == pair.target_text),
        "drift": drift,
        "ssim": 0.7 + 0.3 * source[1] - drift,
    }


def measure_arms(settings: Settings, arms: Sequence[Arm], cells: Cells, images: Path, movable: bool) -> None:
    """Draw, measure and store the arms not measured yet, as a job does; images of heads and steps are not drawn."""
    fresh = {arm.key: arm for arm in arms if f"0/0/{arm.key}" not in cells}
    for (place, pair), seed in product(enumerate(settings.pairs), settings.seeds):
        for key, arm in fresh.items():
            word, name = word_of(pair, place, arm, movable), image_name(f"{place}/{seed}", key)
            if arm.heads is None and arm.steps == (0, None):
                write_image(images / name, picture(pair, word, 100 * place + seed, arm))
            wobble = random.Random(f"{place}/{seed}/{key}").uniform(0.5, 1.5)
            drift = 0.004 * len(arm.sites) ** 0.8 * wobble
            cells[f"{place}/{seed}/{key}"] = {**measured(pair, word, drift), "stage": "made", "image": name}


def localization(
    folder: Path, *, pairs: int = 16, heads: bool = True, windows: int = 4, movable: bool = True, seeds: int = 1
) -> tuple[Localization, Cells]:
    """Make a finished run in a folder; with `movable=False` patching changes no letter."""
    (folder / "images").mkdir(parents=True)
    settings, every = settings_of(pairs, heads, windows, seeds), range(SITES)
    cells: Cells = {}
    details = detail_arms(settings, [HEADS] * SITES)

    def table(arms: Sequence[Arm]) -> ScoreTable:
        measure_arms(settings, arms, cells, folder / "images", movable)
        return ScoreTable(cells, pairs, settings.seeds)

    ranking = ranked_sites(settings, table([*single_arms(settings, every), *details]))
    nested = nested_arms(settings, ranking)
    found = patch_arm(settings, sorted(STRENGTH) if movable else every)
    random_sets, complement = control_arms(settings, found, every)
    scores = table([found, *nested, *random_sets, *complement])
    singles = [patch_arm(settings, [site]) for site in ranking]
    inclusion = scores.inclusion(singles, len(found.sites))
    everything = scores.score(patch_arm(settings, every))
    config = {"model": "glyph-unet", "fingerprint": "0123456789abcdef", "settings": settings.to_dict()}
    parameters = 49_152 * len(found.sites)
    expected = Forecast(images=2400, denoiser_rows=96_000, weight_bytes=9_000_000, row_bytes=600_000, seconds=700.0)
    result = Localization(
        run="20261122-120000-abcd",
        folder=str(folder),
        model="glyph-unet",
        family="unet",
        note="Trained so that the word enters only at the planted sites.",
        config=config,
        versions={"torch": "2.15.0", "diffusers": "0.42.1"},
        baseline=scores.score(SOURCE),
        target=scores.score(TARGET),
        all_sites=everything,
        ranking=Ranking(
            tuple(
                RankedSite(site, NAMES[site], scores.score(arm), share)
                for site, arm, share in zip(ranking, singles, inclusion, strict=True)
            )
        ),
        trade_off=tuple(scores.score(arm) for arm in nested),
        random_sets=tuple(scores.score(arm) for arm in random_sets),
        found=FoundSet(
            model="glyph-unet",
            fingerprint="0123456789abcdef",
            sites=tuple(NAMES[site] for site in found.sites),
            indices=found.sites,
            parameters=parameters,
            share=parameters / 4_200_000,
            rule=settings.rule,
            reached=movable,
            score=scores.score(found),
            all_sites=everything,
            control=scores.mean_score(random_sets) if random_sets else {},
            complement=scores.score(complement[0]) if complement else None,
        ),
        head_scores=tuple(scores.score(arm) for arm in details if arm.heads is not None),
        step_scores=tuple(scores.score(arm) for arm in details if arm.heads is None),
        cost={"denoiser_rows": 88_000, "seconds": 655.4, "forecast": expected.to_dict()},
    )
    return result, cells
