"""SLAB (arXiv 2405.11582): layer norms that turn into foldable batch norms, and linear attention without softmax.

SLAB-DeiT in two sizes: no class token, the mean of the tokens is classified. The class token that the authors' code
keeps and never uses is left out, so counts are smaller than theirs by its width.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from workbench.attention.attention import split_heads
from workbench.attention.form import Request, find_form
from workbench.attention.host import Mechanism, register_host
from workbench.attention.variant import BASELINE, NO_MLP, Variant, list_variants
from workbench.errors import InputError, RefusedError
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy, outputs

NAME: Final = "vision/slab"
# Two points of accuracy lost, and a change of outputs by folding, relative to the largest.
MARGIN: Final = 0.02
EXACT: Final = 1e-4
EPSILON: Final = 1e-6
# Training passes until a layer norm is gone: as published, and for short trainings.
PUBLISHED_PASSES: Final = 60_000
TINY_PASSES: Final = 150
IMAGENET: Final = Shape("image", 1000, channels=3, size=224)
REASONS: Final = {
    "scores": "a ReLU stands between projection and product, and no pattern is formed",
    "values": "a convolution of the values stands beside the mixing",
}
MakeNorm = Callable[[int], nn.Module]


class RepBatchNorm(nn.Module):
    """`BN(x) + a x` on tokens [batch, token, width]; linear in evaluation, so that it folds into what follows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.alpha = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.transpose(1, 2)).transpose(1, 2) + self.alpha * x


class ProgressiveNorm(nn.Module):
    """`c LN(x) + (1 - c) RepBN(x)` in training, RepBN alone in evaluation; c falls from 1 to 0 pass by pass.

    A model that is evaluated before c is 0 has another function than it was trained for.

    Args:
        width: of a token.
        passes: forward passes in training until c is 0.
    """

    passed: torch.Tensor

    def __init__(self, width: int, passes: int) -> None:
        super().__init__()
        self.layer_norm, self.batch_norm, self.passes = nn.LayerNorm(width), RepBatchNorm(width), passes
        self.register_buffer("passed", torch.zeros((), dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return self.batch_norm(x)
        share = (1 - self.passed / self.passes).clamp_min(0)
        self.passed += 1
        return share * self.layer_norm(x) + (1 - share) * self.batch_norm(x)


class SimplifiedLinearAttention(nn.Module):
    """`q (K^T V) / q sum(K)` of rectified queries and keys, and a depthwise convolution of the values (section 3.3).

    Args:
        width, heads: of the stream.
        grid: rows and columns of tokens.
    """

    query: nn.Linear | None

    def __init__(self, width: int, heads: int, grid: int) -> None:
        super().__init__()
        self.heads, self.grid = heads, grid
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.positions = nn.Parameter(torch.zeros(1, grid**2, width))
        self.convolution = nn.Conv2d(width // heads, width // heads, 5, padding=2, groups=width // heads)
        self.output = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        placed = self.key(x) + self.positions
        key = split_heads(placed, self.heads).relu()
        # Without a projection of their own, queries are the keys.
        query = key if self.query is None else split_heads(self.query(x), self.heads).relu()
        value = split_heads(self.value(x), self.heads)
        mixed = linear_mixing(query, key, value) + self._convolved(value)
        return self.output(mixed.transpose(1, 2).flatten(2))

    def _convolved(self, value: torch.Tensor) -> torch.Tensor:
        maps = value.transpose(-1, -2).flatten(0, 1).unflatten(-1, (self.grid, self.grid))
        return self.convolution(maps).flatten(2).transpose(-1, -2).view_as(value)


def linear_mixing(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return `q_i sum_j(k_j^T v_j) / (q_i sum_j(k_j))`, in the order of products that costs less.

    Args:
        query, key, value: [batch, head, token, head width]; queries and keys are not negative.
    """
    tokens, width = key.shape[-2:]
    turned = key.transpose(-1, -2)
    mixed = (query @ turned) @ value if tokens < width else query @ (turned @ value)
    return mixed / (query @ key.sum(-2)[..., None] + EPSILON)


@register_host("workbench.zoo.systems.vision.slab.SimplifiedLinearAttention")
class _LinearHost(Mechanism):
    """Shares one projection, with positions, between queries and keys; the similarity is then a Gram matrix."""

    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        for form in variant.forms:
            if form.name != "symmetric":
                raise RefusedError(
                    f"an attention that can be {form.name}", REASONS[form.part], "choose another variant"
                )
        if variant.scores is not None:
            module.query = None
        return module


class Block(nn.Module):
    """Linear attention and MLP, each behind a norm."""

    def __init__(self, width: int, heads: int, grid: int, norm: MakeNorm) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(width), norm(width)
        self.attention = SimplifiedLinearAttention(width, heads, grid)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class SlabTransformer(nn.Module):
    """A vision transformer of such blocks."""

    def __init__(self, shape: Shape, *, patch: int, width: int, layers: int, heads: int, norm: MakeNorm) -> None:
        super().__init__()
        grid = shape.size // patch
        self.embed = nn.Conv2d(shape.channels, width, patch, patch)
        self.positions = nn.Parameter(0.02 * torch.randn(1, grid**2, width))
        self.blocks = nn.ModuleList(Block(width, heads, grid, norm) for _ in range(layers))
        self.norm: nn.Module = norm(width)
        self.head = nn.Linear(width, shape.outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.embed(images).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def fold(norm: nn.Module, layer: nn.Linear) -> None:
    """Move a norm into the linear layer behind it, in place (section 3.2); true in evaluation.

    With s = gamma / sigma + a and t = beta - gamma mu / sigma, the layer becomes `W diag(s) x + b + W t`.

    Raises:
        InputError: another norm than `ProgressiveNorm`; nothing is changed.
    """
    if not isinstance(norm, ProgressiveNorm):
        raise InputError("a ProgressiveNorm", type(norm).__name__, "train a model with this norm to fold it")
    plain: Any = norm.batch_norm.norm
    slope = plain.weight / (plain.running_var + plain.eps).sqrt()
    with torch.no_grad():
        layer.bias.add_(layer.weight @ (plain.bias - slope * plain.running_mean))
        layer.weight.mul_(slope + norm.batch_norm.alpha)


def without_norms(model: SlabTransformer) -> SlabTransformer:
    """Return a copy of a trained model, to evaluate, whose norms are folded away.

    Raises:
        InputError: a model with other norms than `ProgressiveNorm`.
    """
    folded = copy.deepcopy(model).eval()
    block: Any
    for block in folded.blocks:
        attention = block.attention
        for layer in filter(None, (attention.query, attention.key, attention.value)):
            fold(block.norm1, layer)
        fold(block.norm2, block.mlp[0])
        block.norm1, block.norm2 = nn.Identity(), nn.Identity()
    fold(folded.norm, folded.head)
    folded.norm = nn.Identity()
    return folded


def _batch_norm(width: int) -> RepBatchNorm:
    norm = RepBatchNorm(width)
    nn.init.zeros_(norm.alpha).requires_grad_(False)
    return norm


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train with layer norm, with layer norm that turns into RepBN, and with plain BN and RepBN from the start."""
    trained: list[SlabTransformer] = []

    def progressive() -> nn.Module:
        trained.append(_tiny(task.shape, partial(ProgressiveNorm, passes=max(1, training.steps // 2))))
        return trained[-1]

    task, training = find_task("digits"), Training(steps=200, batch=32).shortened(effort)
    norms: dict[str, MakeNorm] = {"LN": nn.LayerNorm, "BN": _batch_norm, "RepBN": RepBatchNorm}
    arms: dict[str, Callable[[], nn.Module]] = {name: partial(_tiny, task.shape, norm) for name, norm in norms.items()}
    scores = compare_arms({**arms, "LN to RepBN": progressive}, task, training, seeds)
    images = task.test().inputs
    whole = [outputs(model, images) for model in trained]
    changes = [
        float((outputs(without_norms(model), images) - some).abs().max() / some.abs().max())
        for model, some in zip(trained, whole, strict=True)
    ]
    kept = mean_accuracy(scores["LN to RepBN"]) >= mean_accuracy(scores["LN"]) - MARGIN
    holds = kept and max(changes) <= EXACT
    return Outcome(
        "holds" if holds else "does not hold at this size", {**figures(scores), "change by folding": max(changes)}
    )


def _tiny(shape: Shape, norm: MakeNorm) -> SlabTransformer:
    return SlabTransformer(shape, patch=max(1, shape.size // 4), width=64, layers=2, heads=4, norm=norm)


@register_system(
    NAME,
    title="SLAB: Efficient Transformers with Simplified Linear Attention and Progressive Re-parameterized Batch Norm",
    paper="2405.11582",
    variants=("slab-deit-t", "slab-deit-s"),
    shape=IMAGENET,
    task="digits",
    sites=(SitePattern("blocks.*.attention", "linear"),),
    mlps=("blocks.*.mlp",),
    capabilities=softmax_attention(
        {name: REASONS[find_form(name).part] for name in list_variants() if name not in (BASELINE, NO_MLP, "symmetric")}
    ),
    facts=(
        Fact("slab-deit-t", 6_198_401 - 192, note="in training; the authors' unused class token taken off"),
        Fact("slab-deit-s", 22_992_641 - 384, note="in training; the authors' unused class token taken off"),
    ),
    claim=Claim(
        "layer norms that turn into batch norms cost less than two points of accuracy and then fold away exactly",
        _claim,
    ),
)
def slab(variant: str, shape: Shape) -> SlabTransformer:
    """Build SLAB-DeiT of width 192 or 384, or two blocks for a task."""
    if variant == TINY:
        return _tiny(shape, partial(ProgressiveNorm, passes=TINY_PASSES))
    width, heads = {"slab-deit-t": (192, 3), "slab-deit-s": (384, 6)}[variant]
    norm = partial(ProgressiveNorm, passes=PUBLISHED_PASSES)
    return SlabTransformer(IMAGENET, patch=16, width=width, layers=12, heads=heads, norm=norm)
