"""Using Transfer Learning for Code-Related Tasks (arXiv 2206.08574): T5-small, pre-trained on code, then fine-tuned.

Of the paper's tasks the bug fixing is here, on generated methods; pre-training masks one span of three tokens of the
methods as they should be, where the paper masks 15 percent of mined code and of English.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

import torch

from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, softmax_attention
from workbench.zoo.systems.language.t5 import MLPS, SITES, PairLogits, t5
from workbench.zoo.task import IGNORED, Batch, Task, find_task
from workbench.zoo.tasks.code_repair import END, MASK, pairs
from workbench.zoo.train import Training, fit, outputs, score, seed_everything

NAME: Final = "language/t5_code"
SPAN: Final = 3
# 32,000 tokens and 100 masks, padded to a multiple of 128.
PAIRS = Shape("pair", 32_128, each=True, vocabulary=32_128, length=512)


def masked(method: torch.Tensor, start: torch.Tensor) -> Batch:
    """Return span corruption (arXiv 1910.10683): a mask in place of a span, and the span to be written.

    Args:
        method: [batch, token], padded with 0.
        start: [batch, 1], where the span begins.
    """
    place = torch.arange(method.shape[1]).expand_as(method)
    after = place + (place > start) * (SPAN - 1)
    source = method.gather(1, after.clamp_max(method.shape[1] - 1)).masked_fill(after >= method.shape[1], 0)
    source = source.masked_fill(place == start, MASK)
    span = method.gather(1, start + torch.arange(SPAN))
    edge = torch.ones_like(start)
    return pairs(source, torch.cat([MASK * edge, span, END * edge], dim=1))


class SpanCorruption(Task):
    """Masked spans of the repaired methods of another task."""

    def __init__(self, repair: Task) -> None:
        self.repair, self.shape = repair, repair.shape

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        return self._mask(self.repair.batch(size, generator), generator)

    def test(self) -> Batch:
        return self._mask(self.repair.test(), torch.Generator().manual_seed(0))

    def _mask(self, batch: Batch, generator: torch.Generator) -> Batch:
        written = batch.targets != IGNORED
        starts = written.sum(1, keepdim=True) - SPAN
        start = (torch.rand(starts.shape, generator=generator) * starts).long()
        return masked(batch.targets.masked_fill(~written, 0), start)


def exact_match(model: PairLogits, batch: Batch) -> float:
    """Return the share of targets that greedy decoding writes without an error."""
    right = (outputs(model, batch.inputs).argmax(-1) == batch.targets) | (batch.targets == IGNORED)
    return float(right.all(1).double().mean())


def _small(shape: Shape) -> PairLogits:
    return t5(shape, d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=2, dropout_rate=0.0)


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Fine-tune alike with and without pre-training; a third arm has the same steps in all, none of them masked."""
    task = find_task("code_repair")
    steps = Training(steps=225, batch=32, learning_rate=3e-3).shortened(effort)
    stages: dict[str, tuple[Task, ...]] = {
        "fine-tuned": (task,),
        "pre-trained": (SpanCorruption(task), task),
        "fine-tuned twice": (task, task),
    }
    figures: dict[str, float] = {}
    for name, tasks in stages.items():
        exact, tokens = [], []
        for seed in seeds:
            seed_everything(seed)
            model = _small(task.shape)
            for stage, learnt in enumerate(tasks):
                fit(model, learnt, steps, seed=len(tasks) * seed + stage)
            exact.append(exact_match(model, task.test()))
            tokens.append(score(model, task).accuracy)
        figures |= {f"exact match {name}": fmean(exact), f"token accuracy {name}": fmean(tokens)}
    better = figures["exact match pre-trained"] > figures["exact match fine-tuned"]
    return Outcome("holds" if better else "does not hold at this size", figures)


@register_system(
    NAME,
    title="Using Transfer Learning for Code-Related Tasks",
    paper="2206.08574",
    variants=("small",),
    shape=PAIRS,
    task="code_repair",
    sites=SITES,
    mlps=MLPS,
    capabilities=softmax_attention(),
    facts=(Fact("small", 60_506_624),),
    claim=Claim("pre-training on code makes a T5 repair more methods after the same fine-tuning", _claim),
)
def t5_code(variant: str, shape: Shape) -> PairLogits:
    """Build T5-small, or two layers of width 64 for a task."""
    if variant == TINY:
        return _small(shape)
    return t5(PAIRS, d_model=512, d_kv=64, num_heads=8, d_ff=2048, num_layers=6)
