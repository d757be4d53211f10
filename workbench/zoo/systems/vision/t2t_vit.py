"""Tokens-to-Token ViT (arXiv 2101.11986): overlapping soft splits with attention between them, then a narrow ViT.

Two kinds of token layers, named as the authors do: softmax in T2T-ViT_t (and in `tiny`), Performer in the others. The
scales of token layers are those of their inputs' width, not of the head's. Counts include what is never trained: the
table of positions and the Performer's random features.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from workbench.attention.attention import Attention, Values
from workbench.attention.factored import FactoredScores, new_attention
from workbench.attention.form import Request
from workbench.attention.host import Mechanism, register_host
from workbench.attention.surgery import operate
from workbench.attention.variant import Variant
from workbench.errors import RefusedError
from workbench.zoo.positions import sinusoids
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "vision/t2t_vit"
# Two points of accuracy: what seeds alone make of a model trained this briefly.
MARGIN: Final = 0.02
IMAGENET: Final = Shape("image", 1000, channels=3, size=224)
# Kernel, stride and padding of the three splits.
Splits = Sequence[tuple[int, int, int]]
PUBLISHED_SPLITS: Final = ((7, 4, 2), (3, 2, 1), (3, 2, 1))
TOKEN_WIDTH: Final = 64
FEATURES: Final = 32
EPSILON: Final = 1e-8
# Width, layers, heads, MLP ratio, and whether the token layers are Performers.
SIZES: Final = {
    "t2t-vit-7": (256, 7, 4, 2, True),
    "t2t-vit-10": (256, 10, 4, 2, True),
    "t2t-vit-12": (256, 12, 4, 2, True),
    "t2t-vit-14": (384, 14, 6, 3, True),
    "t2t-vit-19": (448, 19, 7, 3, True),
    "t2t-vit-24": (512, 24, 8, 3, True),
    "t2t-vit-14-resnext": (384, 14, 32, 3, True),
    "t2t-vit-14-wide": (768, 4, 12, 3, True),
    "t2t-vit-t-14": (384, 14, 6, 3, False),
    "t2t-vit-t-19": (448, 19, 7, 3, False),
    "t2t-vit-t-24": (512, 24, 8, 3, False),
}


class SkippedValues(Values):
    """`v + P v W_O` of one head: the values are the residual, for inputs are of another width.

    Args:
        value: context width to width.
        output: width to width.
    """

    def __init__(self, value: nn.Linear, output: nn.Linear) -> None:
        super().__init__()
        self.value, self.output = value, output

    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        value = self.value(context)
        return value + self.output(pattern[:, 0] @ value)


class PerformerAttention(nn.Module):
    """Attention by positive random features, of one head, with the values as the residual.

    `phi(x) = exp(w x - |x|^2 / 2) / sqrt(m)` makes `phi(q) phi(k)` an estimate of `exp(q k)` (arXiv 2009.14794) if rows
    of w are about sqrt(width) long. The authors' are sqrt(m) long with m half of the width, so that theirs estimates
    something flatter.

    Args:
        inputs, width: of the stream before and after.
        features: m, the number of rows of w; they are orthogonal and never trained.
    """

    query: nn.Linear | None

    def __init__(self, inputs: int, width: int, features: int = FEATURES) -> None:
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(inputs, width) for _ in range(3))
        self.output, self.dropout = nn.Linear(width, width), nn.Dropout(0.1)
        directions = math.sqrt(features) * nn.init.orthogonal_(torch.empty(features, width))
        self.directions = nn.Parameter(directions, requires_grad=False)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return phi of [batch, token, width]: [batch, token, m]."""
        exponent = x @ self.directions.T - x.pow(2).sum(-1, keepdim=True) / 2
        return exponent.exp() / math.sqrt(len(self.directions))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value = self.value(x)
        key = self.features(self.key(x))
        # Without a projection of their own, queries are the keys.
        query = key if self.query is None else self.features(self.query(x))
        weight = query @ key.sum(1)[..., None] + EPSILON
        mixed = query @ (key.transpose(1, 2) @ value) / weight
        return value + self.dropout(self.output(mixed))


@register_host("workbench.zoo.systems.vision.t2t_vit.PerformerAttention")
class _PerformerHost(Mechanism):
    """Shares one projection between queries and keys, which see the same features anyway."""

    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        for form in variant.forms:
            if form.name != "symmetric":
                raise RefusedError(
                    f"an attention that can be {form.name}",
                    "an exponential stands between projection and product, and values are also the residual",
                    "choose another variant",
                )
        if variant.scores is not None:
            module.query = None
        return module


def _softmax_attention(inputs: int, width: int) -> Attention:
    query, key, value = (nn.Linear(inputs, width, bias=False) for _ in range(3))
    return Attention(FactoredScores(query, key, 1, inputs**-0.5), SkippedValues(value, nn.Linear(width, width)))


class TokenLayer(nn.Module):
    """Attention that changes the width, and an MLP of ratio 1."""

    def __init__(self, inputs: int, width: int, performer: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(inputs), nn.LayerNorm(width)
        self.attention = (PerformerAttention if performer else _softmax_attention)(inputs, width)
        dropout = nn.Dropout(0.1 if performer else 0.0)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width), dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class SoftSplits(nn.Module):
    """Three overlapping splits, a token layer after each of the first two: images to [batch, token, width]."""

    def __init__(self, channels: int, width: int, splits: Splits, performer: bool) -> None:
        super().__init__()
        self.splits = nn.ModuleList(nn.Unfold(kernel, stride=stride, padding=edge) for kernel, stride, edge in splits)
        areas = [kernel**2 for kernel, _, _ in splits]
        inputs = (channels * areas[0], TOKEN_WIDTH * areas[1])
        self.layers = nn.ModuleList(TokenLayer(some, TOKEN_WIDTH, performer) for some in inputs)
        self.project = nn.Linear(TOKEN_WIDTH * areas[2], width)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.splits[0](images).transpose(1, 2)
        for layer, split in zip(self.layers, self.splits[1:], strict=True):
            side = math.isqrt(x.shape[1])
            maps = layer(x).transpose(1, 2).unflatten(-1, (side, side))
            x = split(maps).transpose(1, 2)
        return self.project(x)


class HardPatches(nn.Module):
    """Patches side by side, as in ViT: images to [batch, token, width]."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(channels, width, patch, patch)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.embed(images).flatten(2).transpose(1, 2)


class Block(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = new_attention(width, heads, bias=False, output_bias=True)
        self.mlp = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TokensToTokenTransformer(nn.Module):
    """Tokens, a class token, fixed positions and blocks.

    Args:
        shape: images and classes.
        tokens: makes [batch, token, width] of images.
        width, layers, heads, ratio: of the blocks; `ratio` widens the MLP.
    """

    def __init__(self, shape: Shape, tokens: nn.Module, *, width: int, layers: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.tokens = tokens
        count = tokens(torch.zeros(1, shape.channels, shape.size, shape.size)).shape[1]
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.positions = nn.Parameter(sinusoids(count + 1, width)[None], requires_grad=False)
        self.blocks = nn.ModuleList(Block(width, heads, ratio) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, shape.outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.tokens(images)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


def _tiny(shape: Shape, soft: bool = True) -> TokensToTokenTransformer:
    """Build two blocks over soft splits, or over hard patches seven, which are as many weights; 4 to 16 tokens."""
    if soft:
        stride = max(1, shape.size // 8)
        splits = ((2 * stride + 1, stride, stride), *PUBLISHED_SPLITS[1:])
        tokens: nn.Module = SoftSplits(shape.channels, 64, splits, performer=False)
    else:
        tokens = HardPatches(shape.channels, 64, max(1, shape.size // 2))
    return TokensToTokenTransformer(shape, tokens, width=64, layers=2 if soft else 7, heads=4, ratio=2)


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train over soft splits, over hard patches, and over soft splits whose token layers look at all tokens alike."""

    def uniform_splits() -> nn.Module:
        model = _tiny(task.shape)
        operate(model, "uniform", ["tokens.layers.0.attention", "tokens.layers.1.attention"])
        return model

    task = find_task("moved_digits")
    arms: dict[str, Callable[[], nn.Module]] = {
        "soft splits": partial(_tiny, task.shape),
        "hard patches": partial(_tiny, task.shape, soft=False),
        "soft splits, uniform": uniform_splits,
    }
    scores = compare_arms(arms, task, Training(steps=200, batch=32).shortened(effort), seeds)
    holds = mean_accuracy(scores["soft splits"]) >= mean_accuracy(scores["hard patches"]) + MARGIN
    return Outcome("holds" if holds else "does not hold at this size", figures(scores))


def _facts(variant: str, weights: int, multiply_adds: float | None = None) -> tuple[Fact, ...]:
    counted = Fact(variant, weights, "verified")
    if multiply_adds is None:
        return (counted,)
    return (counted, Fact(variant, multiply_adds, "verified", "multiply_adds", tolerance=1e-3))


@register_system(
    NAME,
    title="Tokens-to-Token ViT: Training Vision Transformers from Scratch on ImageNet",
    paper="2101.11986",
    variants=tuple(SIZES),
    shape=IMAGENET,
    task="moved_digits",
    sites=(SitePattern("tokens.layers.*.attention"), SitePattern("blocks.*.attention")),
    mlps=("tokens.layers.*.mlp", "blocks.*.mlp"),
    capabilities=softmax_attention(),
    facts=(
        *_facts("t2t-vit-7", 4_310_222, 1.147e9),
        *_facts("t2t-vit-10", 5_889_230, 1.516e9),
        *_facts("t2t-vit-12", 6_941_902, 1.763e9),
        *_facts("t2t-vit-14", 21_545_550, 4.783e9),
        *_facts("t2t-vit-19", 39_177_422, 8.480e9),
        *_facts("t2t-vit-24", 64_105_934, 13.662e9),
        *_facts("t2t-vit-14-resnext", 21_545_550),
        *_facts("t2t-vit-14-wide", 25_156_302),
        *_facts("t2t-vit-t-14", 21_541_070, 6.089e9),
        *_facts("t2t-vit-t-19", 39_172_942, 9.785e9),
        *_facts("t2t-vit-t-24", 64_101_454, 14.967e9),
    ),
    claim=Claim(
        "overlapping soft splits with attention read moved images better than hard patches do at equal size", _claim
    ),
)
def t2t_vit(variant: str, shape: Shape) -> TokensToTokenTransformer:
    """Build a published configuration for ImageNet, or soft splits and two blocks for a task."""
    if variant == TINY:
        return _tiny(shape)
    width, layers, heads, ratio, performer = SIZES[variant]
    tokens = SoftSplits(IMAGENET.channels, width, PUBLISHED_SPLITS, performer)
    return TokensToTokenTransformer(IMAGENET, tokens, width=width, layers=layers, heads=heads, ratio=ratio)
