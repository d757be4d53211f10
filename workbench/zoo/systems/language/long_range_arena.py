"""Long Range Arena (arXiv 2011.04006): one encoder, several kinds of attention, long sequences.

Mechanisms here: softmax, local (blocks), linear (elu + 1), Performer (positive orthogonal features), Linformer with one
length projection for keys and values, and Synthesizer with factorised random patterns. Dropout is left out. Local
attention is a mask and Linformer a shortened context around ordinary attention, so both can be ablated like it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
import torch.nn.functional as F
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores, split_heads
from workbench.attention.factored import new_attention
from workbench.attention.host import Shell
from workbench.zoo.positions import sinusoids
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "language/long_range_arena"
MECHANISMS: Final = ("softmax", "local", "linear", "performer", "linformer", "synthesizer")
BLOCK, SHORTENED, RANK = 16, 16, 16
# A tenth of the 20 points that separate the mechanisms on the benchmark's own ListOps.
MARGIN: Final = 0.02
LISTOPS = Shape("tokens", 10, vocabulary=17, length=2000)
IMAGE = Shape("tokens", 10, vocabulary=256, length=1024)
PATHFINDER = Shape("tokens", 2, vocabulary=256, length=1024)


class LocalAttention(Shell):
    """Attention inside blocks of consecutive tokens; called with a bias [batch, 1, 1, token] that hides padding."""

    def forward(self, x: torch.Tensor, *, bias: torch.Tensor) -> torch.Tensor:
        block = torch.arange(x.shape[1], device=x.device) // BLOCK
        # No -inf: a block of nothing but padding would have no token to see.
        elsewhere = (block[:, None] != block).to(x.dtype) * torch.finfo(x.dtype).min / 2
        return self.attention(x, bias=bias.clamp_min(torch.finfo(x.dtype).min / 2) + elsewhere)


class Linformer(Shell):
    """Attention over mixtures of tokens (arXiv 2006.04768): keys and values see E x, with E [shortened, token]."""

    def __init__(self, attention: Attention, tokens: int) -> None:
        super().__init__(attention)
        self.lengths = nn.Parameter(torch.randn(SHORTENED, tokens) / math.sqrt(tokens))

    def forward(self, x: torch.Tensor, *, bias: torch.Tensor) -> torch.Tensor:
        kept = x * bias[:, 0, 0, :, None].exp()
        return self.attention(x, self.lengths[:, : x.shape[1]] @ kept)


class SynthesizerScores(Scores):
    """Logits that no token decides: R_1 R_2^T of each head (arXiv 2005.00743, factorised random)."""

    def __init__(self, heads: int, tokens: int) -> None:
        super().__init__(heads)
        self.rows = nn.Parameter(torch.randn(heads, tokens, RANK) / math.sqrt(RANK))
        self.columns = nn.Parameter(torch.randn(heads, tokens, RANK) / math.sqrt(RANK))

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        logits = self.rows[:, : x.shape[1]] @ self.columns[:, : context.shape[1]].transpose(-1, -2)
        return logits.expand(len(x), -1, -1, -1)


def linear_features(states: torch.Tensor) -> torch.Tensor:
    """Return elu + 1 (arXiv 2006.16236)."""
    return F.elu(states) + 1


class PositiveFeatures(nn.Module):
    """Random features whose products estimate exp(q . k) (arXiv 2009.14794), as many as a head is wide."""

    directions: torch.Tensor

    def __init__(self, head_width: int) -> None:
        super().__init__()
        drawn = nn.init.orthogonal_(torch.empty(head_width, head_width))
        self.register_buffer("directions", drawn * math.sqrt(head_width))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        states = states * states.shape[-1] ** -0.25
        exponent = states @ self.directions.T - states.pow(2).sum(-1, keepdim=True) / 2
        # A factor of a whole head cancels, so the largest exponent may be 0.
        return (exponent - exponent.detach().amax((-1, -2), keepdim=True)).exp() + 1e-6


class KernelAttention(nn.Module):
    """Attention phi(q) (phi(k)^T v) / phi(q) sum phi(k), linear in the number of tokens."""

    def __init__(self, width: int, heads: int, head_width: int, features: Callable[[torch.Tensor], torch.Tensor]):
        super().__init__()
        self.heads, self.features = heads, features
        self.query, self.key, self.value = (nn.Linear(width, heads * head_width, bias=False) for _ in range(3))
        self.output = nn.Linear(heads * head_width, width, bias=False)

    def forward(self, x: torch.Tensor, *, bias: torch.Tensor) -> torch.Tensor:
        query, key, value = (split_heads(part(x), self.heads) for part in (self.query, self.key, self.value))
        query, key = self.features(query), self.features(key) * bias.transpose(-1, -2).exp()
        mixed = query @ (key.transpose(-1, -2) @ value) / (query @ key.sum(-2)[..., None])
        return self.output(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A norm before each branch, attention without biases."""

    def __init__(self, width: int, hidden: int, attention: nn.Module) -> None:
        super().__init__()
        self.norm1, self.norm2, self.attention = nn.LayerNorm(width), nn.LayerNorm(width), attention
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x), bias=bias)
        return x + self.mlp(self.norm2(x))


class ArenaEncoder(nn.Module):
    """The benchmark's classifier of sequences.

    Args:
        shape: of the task.
        width: of the stream.
        hidden: of the MLPs and of the head.
        attentions: one a layer.
        text: whether token 0 is padding that nothing sees; a pixel of 0 is seen.
        class_token: whether a first token stands for the whole, instead of the mean.
        learned: whether positions are learned, instead of sines and cosines.
    """

    def __init__(
        self,
        shape: Shape,
        width: int,
        hidden: int,
        attentions: Sequence[nn.Module],
        *,
        text: bool = True,
        class_token: bool = True,
        learned: bool = False,
    ) -> None:
        super().__init__()
        self.text, tokens = text, shape.length + class_token
        self.embed = nn.Embedding(shape.vocabulary, width)
        self.token = nn.Parameter(torch.randn(1, 1, width)) if class_token else None
        self.positions = nn.Parameter(0.02 * torch.randn(tokens, width)) if learned else None
        self.blocks = nn.ModuleList(Block(width, hidden, attention) for attention in attentions)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, shape.outputs))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x, hidden = self.embed(tokens), (tokens == 0) & self.text
        if self.token is not None:
            x, hidden = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1), F.pad(hidden, (1, 0))
        x = x + (sinusoids(*x.shape[1:]).to(x) if self.positions is None else self.positions)
        bias = torch.zeros_like(hidden, dtype=x.dtype).masked_fill(hidden, float("-inf"))[:, None, None]
        for block in self.blocks:
            x = block(x, bias)
        x = self.norm(x)
        return self.head(x.mean(1) if self.token is None else x[:, 0])


@dataclass(frozen=True)
class _Sizes:
    layers: int
    width: int
    projected: int
    heads: int
    hidden: int


SIZES: Final = {
    TINY: _Sizes(2, 64, 64, 4, 128),
    "listops": _Sizes(4, 512, 512, 8, 1024),
    "image": _Sizes(1, 128, 64, 8, 128),
    "pathfinder": _Sizes(4, 32, 16, 4, 32),
}


def _attention(mechanism: str, sizes: _Sizes, tokens: int) -> nn.Module:
    width, heads, head_width = sizes.width, sizes.heads, sizes.projected // sizes.heads
    if mechanism == "linear":
        return KernelAttention(width, heads, head_width, linear_features)
    if mechanism == "performer":
        return KernelAttention(width, heads, head_width, PositiveFeatures(head_width))
    attention = new_attention(width, heads, head_width=head_width, bias=False)
    if mechanism == "local":
        return LocalAttention(attention)
    if mechanism == "linformer":
        attention.cross = True
        return Linformer(attention, tokens)
    if mechanism == "synthesizer":
        attention.scores = SynthesizerScores(heads, tokens)
    return attention


def _encoder(data: str, mechanism: str, shape: Shape) -> ArenaEncoder:
    sizes, class_token = SIZES[data], data != "pathfinder"
    attentions = [_attention(mechanism, sizes, shape.length + class_token) for _ in range(sizes.layers)]
    text = data in (TINY, "listops")
    return ArenaEncoder(
        shape, sizes.width, sizes.hidden, attentions, text=text, class_token=class_token, learned=data == "image"
    )


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train the same encoder with each mechanism on short ListOps."""
    task = find_task("listops")
    training = Training(steps=200, batch=32, learning_rate=3e-3)
    arms = {mechanism: partial(_encoder, TINY, mechanism, task.shape) for mechanism in MECHANISMS}
    scores = compare_arms(arms, task, training.shortened(effort), seeds)
    found = {mechanism: mean_accuracy(some) for mechanism, some in scores.items()}
    behind = all(found[name] < found["softmax"] - MARGIN for name in ("local", "linear", "performer"))
    level = all(found[name] >= found["softmax"] - MARGIN for name in ("linformer", "synthesizer"))
    majority = {"majority class": task.chance()}
    return Outcome("holds" if behind and level else "does not hold at this size", figures(scores) | majority)


@register_system(
    NAME,
    title="Long Range Arena: A Benchmark for Efficient Transformers",
    paper="2011.04006",
    variants=("listops", *(f"listops-{mechanism}" for mechanism in MECHANISMS[1:]), "image", "pathfinder"),
    shape=LISTOPS,
    task="listops",
    sites=(SitePattern("blocks.*.attention"),),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention(),
    facts=(
        Fact("listops", 8_948_746),
        Fact("image", 248_458),
        Fact("pathfinder", 26_530),
        *(
            Fact(f"listops-{mechanism}", 8_948_746, tolerance=0.1, note="a tenth more or less than softmax is allowed")
            for mechanism in MECHANISMS[1:]
        ),
    ),
    claim=Claim(
        "on ListOps, local attention and kernels (linear, Performer) fall behind softmax; Linformer and Synthesizer do "
        "not",
        _claim,
    ),
)
def long_range_arena(variant: str, shape: Shape) -> ArenaEncoder:
    """Build the encoder of ListOps, of images or of Pathfinder, or two layers of width 64 for a task."""
    if variant == TINY:
        return _encoder(TINY, "softmax", shape)
    data, _, mechanism = variant.partition("-")
    published = {"listops": LISTOPS, "image": IMAGE, "pathfinder": PATHFINDER}[data]
    return _encoder(data, mechanism or "softmax", published)
