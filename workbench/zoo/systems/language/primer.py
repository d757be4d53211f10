"""Primer (arXiv 2109.08668): a decoder found by program search.

Primer-EZ has two changes: squared ReLU, and a causal convolution over three tokens, one kernel a channel, after the
query, key and value projections. Primer also makes queries out of keys, and normalises after the MLP, not before; its
own norm is LayerNorm in exact arithmetic, and LayerNorm is used. Scores have no scale: it is in the initial weights.
Text positions are the relative ones of T5, one table for all layers; dropout is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import Final, Literal, cast

import torch
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores, causal_bias, split_heads
from workbench.attention.factored import FactoredScores, FactoredValues
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Score, Training, compare_arms, figures

NAME: Final = "language/primer"
Kind = Literal["vanilla", "squared", "convolved", "ez", "primer"]
TAPS, BUCKETS, FARTHEST = 3, 32, 128
# Layers, width, MLP, heads.
SIZES: Final = {"small": (6, 512, 2048, 8), "medium": (12, 768, 3072, 12), "large": (24, 1024, 8192, 16)}
TEXT = Shape("tokens", 32128, each=True, vocabulary=32128, length=512)


class CausalConvolution(nn.Module):
    """y_t = w_0 x_t + w_1 x_(t-1) + w_2 x_(t-2), zeros before the text, one kernel a channel.

    Called with heads [batch, head, token, head width].
    """

    def __init__(self, heads: int, head_width: int) -> None:
        super().__init__()
        start = torch.tensor([0.5] + [0.5 / TAPS] * (TAPS - 1))
        self.taps = nn.Parameter(start[:, None, None, None].repeat(1, heads, 1, head_width))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        total = self.taps[0] * states
        for back in range(1, TAPS):
            past = nn.functional.pad(states, (0, 0, back, 0))[..., : states.shape[-2], :]
            total = total + self.taps[back] * past
        return total


class QueryFromKeyScores(Scores):
    """Products of keys k with queries k M; the identity as M makes the form symmetric."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(heads)
        self.key, self.convolution = nn.Linear(width, width, bias=False), CausalConvolution(heads, width // heads)
        self.query = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        key = self.convolution(split_heads(self.key(context), self.heads))
        query = split_heads(self.query(key.transpose(1, 2).flatten(2)), self.heads)
        return query @ key.transpose(-1, -2)


def attention(width: int, heads: int, kind: Kind) -> Attention:
    """Build the attention of a kind: without biases and without a scale."""
    convolved = kind in ("convolved", "ez", "primer")
    maps = [CausalConvolution(heads, width // heads) if convolved else None for _ in range(3)]
    query, key, value, output = (nn.Linear(width, width, bias=False) for _ in range(4))
    scores: Scores
    if kind == "primer":
        scores = QueryFromKeyScores(width, heads)
        _fold_scale(scores.query, width // heads)
    else:
        _fold_scale(query, width // heads)
        scores = FactoredScores(query, key, heads, 1.0, maps[0], maps[1])
    return Attention(scores, FactoredValues(value, output, heads, maps[2]))


def _fold_scale(query: nn.Linear, head_width: int) -> None:
    with torch.no_grad():
        query.weight.mul_(head_width**-0.5)


class SquaredReLU(nn.Module):
    """max(0, x)^2."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.relu().square()


class Block(nn.Module):
    """Attention after a norm; the MLP after a norm too, or before one."""

    def __init__(self, width: int, hidden: int, heads: int, kind: Kind) -> None:
        super().__init__()
        self.attention, self.norm_last = attention(width, heads, kind), kind == "primer"
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        activation = nn.ReLU() if kind in ("vanilla", "convolved") else SquaredReLU()
        self.mlp = nn.Sequential(nn.Linear(width, hidden), activation, nn.Linear(hidden, width))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x), bias=bias)
        return x + (self.norm2(self.mlp(x)) if self.norm_last else self.mlp(self.norm2(x)))


def buckets(tokens: int) -> torch.Tensor:
    """Return T5's bucket [query token, key token] of each distance into the past (arXiv 1910.10683)."""
    places = torch.arange(tokens)
    past = (places[:, None] - places).clamp_min(0)
    half = BUCKETS // 2
    far = half + (past.clamp_min(1) / half).log() / math.log(FARTHEST / half) * half
    return torch.where(past < half, past, far.long().clamp_max(BUCKETS - 1))


class Primer(nn.Module):
    """A causal language model; the embedding is also the head where outputs are the vocabulary."""

    def __init__(self, shape: Shape, layers: int, width: int, hidden: int, heads: int, kind: Kind) -> None:
        super().__init__()
        self.embed = nn.Embedding(shape.vocabulary, width)
        self.distances = nn.Embedding(BUCKETS, heads)
        self.blocks = nn.ModuleList(Block(width, hidden, heads, kind) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        own = shape.outputs != shape.vocabulary
        self.head = nn.Linear(width, shape.outputs, bias=False) if own else None

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x, length = self.embed(tokens), tokens.shape[1]
        table = self.distances(buckets(length).to(tokens.device)).permute(2, 0, 1)
        bias = table + causal_bias(length, tokens.device)
        for block in self.blocks:
            x = block(x, bias)
        x = self.norm(x)
        # Embeddings start with unit variance, so a tied head needs the scale that a fresh one has in its weights.
        return x * x.shape[-1] ** -0.5 @ self.embed.weight.T if self.head is None else self.head(x)


def _small(shape: Shape, kind: Kind) -> Primer:
    return Primer(shape, 2, 64, 128, 4, kind)


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train each change alone and together, and Primer-EZ also for half of the steps."""
    task, training = find_task("docstrings"), Training(steps=200, batch=32).shortened(effort)
    kinds: tuple[Kind, ...] = ("vanilla", "squared", "convolved", "ez", "primer")
    scores = compare_arms({kind: partial(_small, task.shape, kind) for kind in kinds}, task, training, seeds)
    half = compare_arms({"ez, half": partial(_small, task.shape, "ez")}, task, training.shortened(0.5), seeds)
    reached = _loss(half["ez, half"]) <= _loss(scores["vanilla"])
    return Outcome("holds" if reached else "does not hold at this size", figures(scores | half))


def _loss(scores: Sequence[Score]) -> float:
    return fmean(one.loss for one in scores)


CONVOLUTION: Final = "a CausalConvolution stands between projection and product"
MIXED: Final = "a CausalConvolution stands between value projection and mixing"


@register_system(
    NAME,
    title="Primer: Searching for Efficient Transformers for Language Modeling",
    paper="2109.08668",
    variants=tuple(f"{size}-{kind}" for size in SIZES for kind in ("vanilla", "ez", "primer")),
    shape=TEXT,
    task="docstrings",
    sites=(SitePattern("blocks.*.attention", "causal"),),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention(
        dict.fromkeys(("collapsed_qk", "low_rank_qk", "symmetric_cholesky", "random_symmetric"), CONVOLUTION)
        | dict.fromkeys(("collapsed_vo", "no_vo", "shared_kv"), MIXED)
    ),
    facts=(
        Fact("small-vanilla", 35_352_832),
        Fact("small-ez", 35_380_480),
        Fact("small-primer", 35_371_264),
        Fact("medium-vanilla", 109_693_824),
        Fact("medium-ez", 109_776_768),
        Fact("medium-primer", 109_749_120),
        Fact("large-vanilla", 536_537_600),
        Fact("large-ez", 536_758_784),
        Fact("large-primer", 536_685_056),
    ),
    claim=Claim("Primer-EZ reaches the loss of a plain Transformer in half of its training steps", _claim),
)
def primer(variant: str, shape: Shape) -> Primer:
    """Build a published size of the plain decoder, of Primer-EZ or of Primer, or two layers of Primer-EZ for a task."""
    if variant == TINY:
        return _small(shape, "ez")
    size, _, kind = variant.partition("-")
    return Primer(TEXT, *SIZES[size], cast(Kind, kind))
