"""Sparse Query Attention (arXiv 2510.01817): fewer query heads, of the same width, so fewer scores to compute.

Llama of transformers with a head width of its own is exactly this. The paper's text does not state the vocabulary and
the MLP of its 10 to 12 million parameter models; those here are assumed, and the published parts are the attention's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean
from typing import Final

from workbench.zoo.count import multiply_adds
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, rotary_attention
from workbench.zoo.systems.language.llama import CausalLogits, llama
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures

NAME: Final = "language/sqa"
# Query heads and key heads out of 16, as in the paper's first table.
HEADS: Final = {
    "mha": (16, 16),
    "gqa": (16, 4),
    "mqa": (16, 1),
    "sqa": (8, 4),
    "ssqa": (8, 8),
    "xsqa": (4, 4),
    "xsmqa": (4, 1),
}
ATTENTION: Final = {
    "mha": 262_144,
    "gqa": 163_840,
    "mqa": 139_264,
    "sqa": 98_304,
    "ssqa": 131_072,
    "xsqa": 65_536,
    "xsmqa": 40_960,
}
WIDTH, LAYERS, MLP, VOCABULARY = 256, 8, 768, 10_000
# All but attention: embedding and head, gated MLPs and norms of the layers, the last norm.
AROUND: Final = 2 * VOCABULARY * WIDTH + LAYERS * (3 * WIDTH * MLP + 2 * WIDTH) + WIDTH
TEXT = Shape("tokens", VOCABULARY, each=True, vocabulary=VOCABULARY, length=1024)
# The paper's sSQA loses 1.9 % of the loss, its xSQA 3.8 %.
MARGIN: Final = 0.03
LONG: Final = 1024


def _small(shape: Shape, kind: str) -> CausalLogits:
    query_heads, key_heads = (max(1, heads // 2) for heads in HEADS[kind])
    return llama(
        shape,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=query_heads,
        num_key_value_heads=key_heads,
        head_dim=8,
    )


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train five kinds alike on text; the cost of a long text is counted with the same weights."""
    task = find_task("docstrings")
    arms = {kind: partial(_small, task.shape, kind) for kind in ("mha", "gqa", "sqa", "ssqa", "xsqa")}
    scores = compare_arms(arms, task, Training(steps=160, batch=32).shortened(effort), seeds)
    long = replace(task.shape, length=LONG)
    cost = {f"multiply-adds {kind}": float(multiply_adds(_small(long, kind), long)) for kind in arms}
    loss = {kind: fmean(one.loss for one in some) for kind, some in scores.items()}
    cheaper = cost["multiply-adds ssqa"] < cost["multiply-adds gqa"]
    kept = loss["ssqa"] <= (1 + MARGIN) * loss["mha"]
    return Outcome("holds" if kept and cheaper else "does not hold at this size", figures(scores) | cost)


@register_system(
    NAME,
    title="Sparse Query Attention (SQA): A Computationally Efficient Attention Mechanism with Query Heads Reduction",
    paper="2510.01817",
    variants=tuple(HEADS),
    shape=TEXT,
    task="docstrings",
    sites=(SitePattern("network.model.layers.*.self_attn", "causal"),),
    mlps=("network.model.layers.*.mlp",),
    capabilities=rotary_attention({"symmetric_cholesky": "the heads are narrower together than the stream"}),
    facts=tuple(
        Fact(kind, LAYERS * count + AROUND, note=f"{count:,} in the attention of a layer")
        for kind, count in ATTENTION.items()
    ),
    claim=Claim(
        "half of the query heads cost less than sharing keys does and raise the loss by less than three percent",
        _claim,
    ),
)
def sqa(variant: str, shape: Shape) -> CausalLogits:
    """Build eight layers of width 256 with heads of width 16, or two of width 64 with half of 8 heads for a task."""
    if variant == TINY:
        return _small(shape, "ssqa")
    query_heads, key_heads = HEADS[variant]
    return llama(
        TEXT,
        hidden_size=WIDTH,
        intermediate_size=MLP,
        num_hidden_layers=LAYERS,
        num_attention_heads=query_heads,
        num_key_value_heads=key_heads,
        head_dim=16,
    )
