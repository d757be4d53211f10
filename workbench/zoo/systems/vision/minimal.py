"""Reducing the Transformer Architecture to a Minimum (arXiv 2410.13732), as its independent reproduction builds it.

The reproduction states widths, patches and the MLP ratio of 1 that no copy of the paper at hand shows; the paper's own
counts (563,242 for 12 encoders with an MLP) follow from no integer width and are not asserted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import torch
from torch import nn

from workbench.attention.factored import new_attention
from workbench.attention.surgery import operate
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

LAYERS: Final = 6
MINIMUM: Final = "collapsed_qk+no_vo+no_mlp"
# Two points of accuracy: half of what the reproduction loses on MNIST, well above the spread of seeds.
MARGIN: Final = 0.02
MNIST, CIFAR = Shape("image", 10, channels=1, size=28), Shape("image", 10, channels=3, size=32)


class Encoder(nn.Module):
    """Attention and MLP, each followed by the residual sum and then a norm."""

    def __init__(self, width: int, heads: int, ratio: float, dropout: float) -> None:
        super().__init__()
        self.attention = new_attention(width, heads)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        hidden = round(width * ratio)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.dropout(self.attention(x)))
        return self.norm2(x + self.dropout(self.mlp(x)))


class MinimalTransformer(nn.Module):
    """A vision transformer with a class token and learned positions."""

    def __init__(
        self, shape: Shape, *, patch: int, width: int, layers: int, heads: int, ratio: float = 1.0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.embed = nn.Conv2d(shape.channels, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (shape.size // patch) ** 2 + 1, width))
        self.blocks = nn.ModuleList(Encoder(width, heads, ratio, dropout) for _ in range(layers))
        self.head = nn.Linear(width, shape.outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.embed(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(patches), -1, -1), patches], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


def _claim(heads: int, seeds: Sequence[int], effort: float) -> Outcome:
    """Train the whole model and the minimum, which has a tenth to a quarter of its weights."""

    def build(variant: str) -> nn.Module:
        model = _network(TINY, task.shape, tiny_heads=heads)
        paths = [f"blocks.{layer}" for layer in range(LAYERS)]
        operate(model, variant, [f"{path}.attention" for path in paths], [f"{path}.mlp" for path in paths])
        return model

    task = find_task("digits")
    names = {"full": "baseline", "no MLP": "no_mlp", "minimum": MINIMUM, "minimum, uniform": "uniform+no_vo+no_mlp"}
    arms = {name: partial(build, variant) for name, variant in names.items()}
    scores = compare_arms(arms, task, Training(steps=300, batch=32, learning_rate=5e-3).shortened(effort), seeds)
    kept = mean_accuracy(scores["minimum"]) >= mean_accuracy(scores["full"]) - MARGIN
    return Outcome("holds" if kept else "does not hold at this size", figures(scores))


def _fact(variant: str, ablation: str, expected: int) -> Fact:
    return Fact(variant, expected, "verified", ablation=ablation)


_declared = partial(
    register_system,
    title="Reducing the Transformer Architecture to a Minimum",
    paper="2410.13732",
    variants=("mnist-1-head", "mnist-4-heads", "cifar-1-head", "cifar-4-heads"),
    shape=MNIST,
    task="digits",
    sites=(SitePattern("blocks.*.attention"),),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention(),
    facts=(
        _fact("mnist-1-head", "baseline", 156_298),
        _fact("mnist-4-heads", "baseline", 156_298),
        _fact("mnist-1-head", "collapsed_qk", 131_338),
        _fact("mnist-1-head", "collapsed_qk+no_vo", 81_418),
        _fact("mnist-1-head", "no_mlp", 106_378),
        _fact("mnist-4-heads", "no_mlp", 106_378),
        _fact("mnist-1-head", "symmetric_cholesky+no_mlp", 68_938),
        _fact("mnist-4-heads", "symmetric_cholesky+no_mlp", 59_722),
        _fact("mnist-1-head", "collapsed_qk+no_mlp", 81_418),
        _fact("mnist-1-head", MINIMUM, 31_498),
        _fact("cifar-1-head", "baseline", 165_450),
        _fact("cifar-4-heads", "baseline", 165_450),
        _fact("cifar-1-head", "collapsed_qk+no_vo", 90_570),
        _fact("cifar-1-head", "no_mlp", 115_530),
        _fact("cifar-4-heads", "no_mlp", 115_530),
        _fact("cifar-1-head", "symmetric_cholesky+no_mlp", 78_090),
        _fact("cifar-4-heads", "symmetric_cholesky+no_mlp", 68_874),
        _fact("cifar-1-head", "collapsed_qk+no_mlp", 90_570),
        _fact("cifar-1-head", MINIMUM, 40_650),
    ),
)
STATEMENT: Final = "collapsed queries and keys, no values, no output and no MLP keep the accuracy within two points"


@_declared("vision/minimal", claim=Claim(STATEMENT, partial(_claim, 1)))
def minimal(variant: str, shape: Shape) -> MinimalTransformer:
    """Build six encoders of width 64; `tiny` is the same network with one head for the images of a task."""
    return _network(variant, shape, tiny_heads=1)


@_declared("vision/minimal_4_heads", claim=Claim(STATEMENT, partial(_claim, 4)))
def minimal_4_heads(variant: str, shape: Shape) -> MinimalTransformer:
    """Build the same network; `tiny` has four heads."""
    return _network(variant, shape, tiny_heads=4)


def _network(variant: str, shape: Shape, *, tiny_heads: int) -> MinimalTransformer:
    if variant == TINY:
        heads, images = tiny_heads, shape
    else:
        data, count = variant.split("-")[:2]
        heads, images = int(count), MNIST if data == "mnist" else CIFAR
    # Four by four patches whatever the size: 7 pixels for MNIST, 8 for CIFAR-10.
    return MinimalTransformer(images, patch=images.size // 4, width=64, layers=LAYERS, heads=heads)
