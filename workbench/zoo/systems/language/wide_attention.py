"""Wide Attention Is The Way Forward For Transformers? (arXiv 2210.00640): few layers of many heads, not many of few.

The number of heads is fixed and so is the width of a head; layers are traded for heads. The encoder is that of the
Long Range Arena, which the paper builds on; of its attention types the softmax is here, of its tasks the byte-level
text (two classes, 1,000 bytes). Dropout is left out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Final

import torch
from torch import nn

from workbench.attention.factored import new_attention
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.systems.language.long_range_arena import ArenaEncoder
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "language/wide_attention"
TEXT = Shape("tokens", 2, vocabulary=257, length=1000)
# Layers x heads of the published ratios, and of those that the experiment trains.
PUBLISHED: Final = {"6x8": (6, 8), "3x16": (3, 16), "2x24": (2, 24), "1x48": (1, 48)}
SMALL: Final = {"4x3": (4, 3), "1x12": (1, 12)}
TASKS: Final = ("listops", "bytes")
# All that is not in a layer: embedding, class token, last norm and the two layers of the head.
AROUND: Final = 257 * 512 + 512 + 2 * 512 + (512 + 1) * 2048 + (2048 + 1) * 2


def encoder(shape: Shape, layers: int, heads: int, *, width: int, head_width: int, hidden: int) -> ArenaEncoder:
    """Build an encoder of layers x heads whose head width does not depend on the number of heads."""
    attentions = [new_attention(width, heads, head_width=head_width, bias=False) for _ in range(layers)]
    return ArenaEncoder(shape, width, hidden, attentions)


def _small(shape: Shape, ratio: str) -> ArenaEncoder:
    return encoder(shape, *SMALL[ratio], width=48, head_width=8, hidden=96)


def milliseconds(model: nn.Module, shape: Shape, runs: int = 20) -> float:
    """Return the median time of a forward pass of one example."""
    model.eval()
    inputs, times = shape.example(batch=1), []
    with torch.no_grad():
        for _ in range(runs):
            started = time.perf_counter()
            model(*inputs)
            times.append(time.perf_counter() - started)
    return 1000 * median(times)


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train two ratios alike on two tasks; the time of a pass is shown and decides nothing."""
    found: dict[str, float] = {}
    accuracies: dict[str, list[float]] = {ratio: [] for ratio in SMALL}
    for name in TASKS:
        task = find_task(name)
        arms = {ratio: partial(_small, task.shape, ratio) for ratio in SMALL}
        scores = compare_arms(arms, task, Training(steps=160, batch=32, learning_rate=3e-3).shortened(effort), seeds)
        found |= {f"{name}: {key}": value for key, value in figures(scores).items()}
        found[f"{name}: majority class"] = task.chance()
        for ratio, some in scores.items():
            accuracies[ratio].append(mean_accuracy(some))
            found[f"{name}: milliseconds {ratio}"] = milliseconds(arms[ratio](), task.shape)
    wide, deep = sum(accuracies["1x12"]), sum(accuracies["4x3"])
    return Outcome("holds" if wide >= deep else "does not hold at this size", found)


@register_system(
    NAME,
    title="Wide Attention Is The Way Forward For Transformers?",
    paper="2210.00640",
    variants=tuple(PUBLISHED),
    shape=TEXT,
    task="listops",
    sites=(SitePattern("blocks.*.attention"),),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention({"symmetric_cholesky": "the heads are wider together than the stream"}),
    facts=(
        Fact("6x8", 18_902_016 + AROUND, note="18,902,016 in the layers"),
        Fact("1x48", 8_393_216 + AROUND, note="8,393,216 in the layers"),
        Fact("6x8", 25.0e9, quantity="multiply_adds", tolerance=0.01, note="1,000 tokens and the class token"),
        Fact("1x48", 14.55e9, quantity="multiply_adds", tolerance=0.01, note="1,000 tokens and the class token"),
    ),
    claim=Claim("one layer with all the heads is as accurate as several layers that share them out", _claim),
)
def wide_attention(variant: str, shape: Shape) -> ArenaEncoder:
    """Build 48 heads of width 64 in one to six layers, or 12 heads of width 8 in one layer for a task."""
    if variant == TINY:
        return _small(shape, "1x12")
    return encoder(TEXT, *PUBLISHED[variant], width=512, head_width=64, hidden=2048)
