"""Escaping the Big Data Paradigm with Compact Transformers (arXiv 2104.05704): ViT-Lite, CVT and CCT.

ViT-Lite is a small vision transformer; CVT reads its answer from a learned average of all tokens in place of a class
token; CCT also makes its tokens by overlapping convolutions. Names say layers, then patch or kernel x convolutions.
Positions are always a learned table; projections start as PyTorch's do, for the authors' normals of 0.02 suit larger
widths. The counts round to the published ones, except where a note says otherwise; published multiply-adds leave out
the two products of attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

import torch
from torch import nn

from workbench.attention.factored import new_attention
from workbench.attention.surgery import operate
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import Batch, Task, find_task
from workbench.zoo.train import Score, Training, compare_arms, figures, mean_accuracy

NAME: Final = "vision/cct"
FEW: Final = 100
# Two points of accuracy; the spread of seeds on few images is larger still.
MARGIN: Final = 0.02
CIFAR: Final = Shape("image", 10, channels=3, size=32)
# Layers: heads, MLP ratio, width.
SIZES: Final = {2: (2, 1, 128), 4: (2, 1, 128), 6: (4, 2, 256), 7: (4, 2, 256), 14: (6, 3, 384)}


class Block(nn.Module):
    """Pre-norm attention, and an MLP whose residual carries the normed stream: `b + MLP(b)` with `b = norm(a)`."""

    def __init__(self, width: int, heads: int, ratio: int, dropout: float, drop_path: float) -> None:
        from timm.layers.drop import DropPath

        super().__init__()
        self.norm0, self.norm1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = new_attention(width, heads, bias=False, output_bias=True, dropout=dropout)
        self.mlp = nn.Sequential(nn.Linear(width, width * ratio), nn.GELU(), nn.Linear(width * ratio, width))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.drop_path(self.attention(self.norm0(x))))
        return x + self.drop_path(self.mlp(x))


class SequencePool(nn.Module):
    """A learned average of tokens: `softmax(x w)^T x` (section 3.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.score(x).softmax(dim=1)
        return (weights.transpose(1, 2) @ x).squeeze(1)


class ClassToken(nn.Module):
    """Reads the first token alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0]


class CompactTransformer(nn.Module):
    """Tokens, positions, blocks, and an answer from a class token or from a learned average.

    Args:
        shape: images and classes.
        tokenizer: makes a map [batch, width, rows, columns].
        width, layers, heads, ratio: of the blocks; `ratio` widens the MLP.
        pooled: whether the answer comes from a learned average.
        dropout: of attention patterns.
        drop_path: probability with which the last block's branches are left out; it grows from 0 at the first.
    """

    def __init__(
        self,
        shape: Shape,
        tokenizer: nn.Module,
        *,
        width: int,
        layers: int,
        heads: int,
        ratio: int,
        pooled: bool,
        dropout: float = 0.1,
        drop_path: float = 0.1,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        tokens = tokenizer(torch.zeros(1, shape.channels, shape.size, shape.size))[0, 0].numel()
        self.token = None if pooled else nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, tokens + (not pooled), width))
        rates = [drop_path * index / max(1, layers - 1) for index in range(layers)]
        self.blocks = nn.ModuleList(Block(width, heads, ratio, dropout, rate) for rate in rates)
        self.norm = nn.LayerNorm(width)
        self.pool = SequencePool(width) if pooled else ClassToken()
        self.head = nn.Linear(width, shape.outputs)
        nn.init.trunc_normal_(self.positions, std=0.2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.tokenizer(images).flatten(2).transpose(1, 2)
        if self.token is not None:
            x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1)
        x = x + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.pool(self.norm(x)))


def convolutions(channels: int, width: int, kernel: int, count: int) -> nn.Sequential:
    """Return the tokenizer of CCT: `count` times a convolution without bias, ReLU and max pooling that halves."""
    planes = [channels, *[64] * (count - 1), width]
    layers: list[nn.Module] = []
    for before, after in pairwise(planes):
        stride, padding = max(1, kernel // 2 - 1), max(1, kernel // 2)
        layers += [nn.Conv2d(before, after, kernel, stride, padding, bias=False), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*layers)


class _Few(Task):
    """A task with few examples to learn from, drawn once, and the same test."""

    def __init__(self, task: Task, size: int, seed: int) -> None:
        self.shape, self._task = task.shape, task
        self._learn = task.batch(size, torch.Generator().manual_seed(seed))

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        rows = torch.randint(len(self._learn), (size,), generator=generator)
        return Batch((self._learn.inputs[0][rows],), self._learn.targets[rows])

    def test(self) -> Batch:
        return self._task.test()


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train the three on 100 images and on all; the control looks at all tokens alike."""

    def without_attention() -> nn.Module:
        model = _tiny(shape, "cct")
        operate(model, "uniform", [f"blocks.{index}.attention" for index in range(len(model.blocks))])
        return model

    task = find_task("digits")
    shape, training = task.shape, Training(steps=150, batch=32, learning_rate=5e-3).shortened(effort)
    kinds = {"CCT": "cct", "CVT": "cvt", "ViT-Lite": "vit"}
    arms: dict[str, Callable[[], nn.Module]] = {name: partial(_tiny, shape, kind) for name, kind in kinds.items()}
    each = [
        compare_arms({**arms, "CCT, uniform": without_attention}, _Few(task, FEW, seed), training, [seed])
        for seed in seeds
    ]
    few = {name: [scores[name][0] for scores in each] for name in each[0]}
    many = compare_arms(arms, task, training, seeds)
    steps = (_gap(few, "CCT", "CVT"), _gap(few, "CVT", "ViT-Lite"))
    holds = min(steps) >= MARGIN and sum(steps) > _gap(many, "CCT", "ViT-Lite")
    found = {f"{key}, {FEW} images": value for key, value in figures(few).items()} | {
        f"{key}, all images": value for key, value in figures(many).items()
    }
    return Outcome("holds" if holds else "does not hold at this size", found)


def _gap(scores: Mapping[str, Sequence[Score]], better: str, worse: str) -> float:
    return mean_accuracy(scores[better]) - mean_accuracy(scores[worse])


def _tiny(shape: Shape, kind: str) -> CompactTransformer:
    """Build two layers of width 64 over about 16 tokens."""
    if kind == "cct":
        count = max(1, (shape.size // 4).bit_length() - 1)
        tokenizer: nn.Module = convolutions(shape.channels, 64, 3, count)
    else:
        patch = max(1, shape.size // 4)
        tokenizer = nn.Conv2d(shape.channels, 64, patch, patch)
    return CompactTransformer(shape, tokenizer, width=64, layers=2, heads=2, ratio=2, pooled=kind != "vit")


def _parameters(variant: str, expected: int, note: str = "") -> Fact:
    return Fact(variant, expected, note=note)


def _multiply_adds(variant: str, expected: float) -> Fact:
    return Fact(variant, expected, "reported", "multiply_adds", note="published without the two products of attention")


@register_system(
    NAME,
    title="Escaping the Big Data Paradigm with Compact Transformers",
    paper="2104.05704",
    variants=(
        *("vit-lite-6-4", "vit-lite-7-4", "cvt-6-4", "cvt-7-4"),
        *("cct-2-3x2", "cct-4-3x2", "cct-6-3x1", "cct-6-3x2", "cct-7-3x1", "cct-7-3x2"),
        *("cct-14-7x2-224", "cct-14-7x2-384"),
    ),
    shape=CIFAR,
    task="digits",
    sites=(SitePattern("blocks.*.attention"), SitePattern("pool", "pool")),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention(),
    facts=(
        _parameters("vit-lite-7-4", 3_716_874),
        _parameters("vit-lite-6-4", 3_190_538),
        _parameters("cvt-7-4", 3_716_619),
        _parameters("cvt-6-4", 3_190_283),
        _parameters("cct-2-3x2", 283_723),
        _parameters("cct-4-3x2", 482_123),
        _parameters("cct-6-3x2", 3_326_923),
        _parameters("cct-6-3x1", 3_233_803, "published as 3.168 M, which is the count without positions"),
        _parameters("cct-7-3x1", 3_760_139),
        _parameters("cct-7-3x2", 3_853_259),
        _parameters("cct-14-7x2-224", 22_367_273),
        _parameters("cct-14-7x2-384", 22_513_193),
        _multiply_adds("vit-lite-7-4", 0.239e9),
        _multiply_adds("cvt-7-4", 0.236e9),
        _multiply_adds("cct-2-3x2", 0.033e9),
        _multiply_adds("cct-7-3x2", 0.275e9),
        _multiply_adds("cct-7-3x1", 0.947e9),
    ),
    claim=Claim(
        "with few images CCT is better than CVT and CVT better than ViT-Lite, and more so the fewer there are", _claim
    ),
)
def cct(variant: str, shape: Shape) -> CompactTransformer:
    """Build a published configuration for CIFAR-10 or ImageNet, or a CCT of two layers for a task."""
    if variant == TINY:
        return _tiny(shape, "cct")
    kind, layers, split, *size = variant.removeprefix("vit-").split("-")
    heads, ratio, width = SIZES[int(layers)]
    images = Shape("image", 1000, channels=3, size=int(size[0])) if size else CIFAR
    if kind == "cct":
        kernel, count = (int(number) for number in split.split("x"))
        tokenizer: nn.Module = convolutions(images.channels, width, kernel, count)
    else:
        tokenizer = nn.Conv2d(images.channels, width, int(split), int(split))
    return CompactTransformer(
        images, tokenizer, width=width, layers=int(layers), heads=heads, ratio=ratio, pooled=kind != "lite"
    )
