"""TokenFormer: Rethinking Transformer Scaling with Tokenized Model Parameters (arXiv 2410.23168).

Every projection is attention of tokens to learned parameter tokens, and adding some makes a larger model. The released
code takes the temperature from the number of tokens, so that its models change as they grow; the paper's appendix B
needs it fixed. It is kept with the weights here, and `grow` leaves it alone. Fresh parameter tokens are scaled so that
a projection of a normed stream has entries of about unit size; the paper's scheme was not read.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from workbench.attention.attention import Attention, Rotate, Scores, Values, causal_bias, split_heads
from workbench.attention.form import Form, Request, like
from workbench.attention.forms.no_vo import PlainValues
from workbench.attention.host import Mechanism, register_host
from workbench.attention.variant import Variant
from workbench.errors import InputError, RefusedError
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import Task, find_task
from workbench.zoo.train import Score, Training, figures, fit, score, seed_everything

NAME: Final = "sequence/tokenformer"
# Parameter tokens of the MLP for one of a projection in attention, in all published sizes.
MLP_RATIO: Final = 4
NOT_LINEAR: Final = "pattention is not linear in its input: a norm and GELU stand between key and value tokens"
# Layers, width and heads; then, for width 768, the parameter tokens of the growth series.
SIZES: Final = {"150m": (12, 768, 12), "450m": (24, 1024, 16), "900m": (32, 1280, 16), "1.5b": (40, 1536, 16)}
GROWN: Final = {"grown-124m": 576, "grown-354m": 2140, "grown-757m": 4850, "grown-1.4b": 8620}
# Those of the series follow from its table; it calls the last two 757 M and 1.4 B.
COUNTS: Final = {
    **{"150m": 151.9e6, "450m": 454.2e6, "900m": 903.3e6, "1.5b": 1587e6},
    **{"grown-124m": 123.6e6, "grown-354m": 354.1e6, "grown-757m": 753.8e6, "grown-1.4b": 1309.8e6},
}
IMPOSSIBLE: Final = ("collapsed_qk", "collapsed_vo", "low_rank_qk", "symmetric_cholesky", "random_symmetric")
TEXT: Final = Shape("tokens", 50_304, each=True, vocabulary=50_304, length=2048)
UNCHANGED: Final = 1e-4


class NormalisedGELU(nn.Module):
    """Scores to weights of parameter tokens, `GELU(t a / |a|)`; they may be negative and need not sum to 1.

    Args:
        tokens: t starts as the square root of their number.
    """

    temperature: torch.Tensor

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.tensor(tokens**0.5))

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return F.gelu(self.temperature * F.normalize(scores, dim=-1))


class Pattention(nn.Module):
    """Attention of tokens to parameter tokens (equation 4): `weights(x K^T) V`.

    Args:
        width: of the stream and of the output.
        tokens: number of parameter tokens.
    """

    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.key = nn.Parameter(torch.randn(tokens, width) * width**-0.5)
        self.value = nn.Parameter(torch.randn(tokens, width) * tokens**-0.5)
        self.weights = NormalisedGELU(tokens)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weights(x @ self.key.T) @ self.value

    def grow(self, tokens: int) -> None:
        """Add parameter tokens up to a number: keys of 0, so that the function stays, and random values."""
        new = self.key.new_zeros(tokens - len(self.key), self.key.shape[1])
        self.key = nn.Parameter(torch.cat([self.key.detach(), new]))
        self.value = nn.Parameter(torch.cat([self.value.detach(), torch.randn_like(new) * tokens**-0.5]))


class PattentionScores(Scores):
    """Scaled products of queries and keys that pattention makes.

    Args:
        heads: number of heads.
        query, key: may be the same.
        signs: [head width] of 1 and -1 on the products' channels.
    """

    signs: torch.Tensor | None

    def __init__(self, heads: int, query: Pattention, key: Pattention, signs: torch.Tensor | None = None) -> None:
        super().__init__(heads)
        self.query, self.key = query, key
        self.register_buffer("signs", signs)

    def forward(self, x: torch.Tensor, context: torch.Tensor, rotate: Rotate | None) -> torch.Tensor:
        query, key = split_heads(self.query(x), self.heads), split_heads(self.key(context), self.heads)
        if rotate is not None:
            query, key = rotate(query), rotate(key)
        key = key if self.signs is None else key * self.signs
        return query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5


class PattentionValues(Values):
    """Values that pattention makes, mixed head by head and merged by pattention."""

    def __init__(self, value: Pattention, output: Pattention) -> None:
        super().__init__()
        self.value, self.output = value, output

    def forward(self, pattern: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        mixed = pattern @ split_heads(self.value(context), pattern.shape[1])
        return self.output(mixed.transpose(1, 2).flatten(2))


class TokenAttention(nn.Module):
    """Causal attention with rotary positions on a quarter of each head's channels."""

    def __init__(self, width: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.head_width = width // heads
        query, key, value, output = (Pattention(width, tokens) for _ in range(4))
        scores, values = PattentionScores(heads, query, key), PattentionValues(value, output)
        self.attention = Attention(scores, values, rotary=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = x.shape[1]
        return self.attention(x, bias=causal_bias(tokens, x.device), rotate=quarter_rotary(tokens, self.head_width, x))


def quarter_rotary(tokens: int, head_width: int, x: torch.Tensor) -> Rotate:
    """Return what turns the first quarter of a head's channels by angles that grow with the place of a token."""
    half = head_width // 8
    rates = 10_000 ** (-torch.arange(half, dtype=x.dtype, device=x.device) / half)
    angles = torch.arange(tokens, dtype=x.dtype, device=x.device)[:, None] * rates
    cos, sin = angles.cos(), angles.sin()

    def rotate(states: torch.Tensor) -> torch.Tensor:
        first, second, rest = states.tensor_split([half, 2 * half], dim=-1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], dim=-1)

    return rotate


@register_host(f"{__name__}.TokenAttention")
class PattentionMechanism(Mechanism):
    """Shares whole pattentions where other attention shares projections; nothing can be multiplied out."""

    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        if any(form.name in IMPOSSIBLE for form in variant.forms):
            raise RefusedError(f"an attention that can be {variant.name}", NOT_LINEAR, "choose another variant")
        attention, scores, values = module.attention, module.attention.scores, module.attention.values
        if variant.scores is not None:
            scores = _scores(attention, variant.scores, request)
        if variant.values is not None:
            values = _values(attention, scores, variant.values)
        attention.scores, attention.values = scores, values
        return module


def _scores(attention: Attention, form: Form, request: Request) -> Any:
    if form.control:
        return form.build(attention, request)
    if not isinstance(attention.scores, PattentionScores):
        raise RefusedError("an attention with queries", "none", "choose another variant")
    query, signs = attention.scores.query, None
    if form.name == "symmetric_signed":
        signs = query.value.new_ones(query.value.shape[1] // attention.heads)
        signs[1::2] = -1
    return PattentionScores(attention.heads, query, query, signs)


def _values(attention: Attention, scores: Scores, form: Form) -> Values:
    if form.name == "no_vo":
        return PlainValues(like(torch.full((attention.heads,), 1 / attention.heads), attention))
    if not isinstance(scores, PattentionScores) or not isinstance(attention.values, PattentionValues):
        raise RefusedError("an attention with keys and an output", "none", "choose another variant")
    return PattentionValues(scores.key, attention.values.output)


class Block(nn.Module):
    """Attention and one pattention in place of an MLP, each on the stream after a norm without weights."""

    def __init__(self, width: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = TokenAttention(width, heads, tokens)
        self.mlp = Pattention(width, MLP_RATIO * tokens)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm(x))
        return x + self.mlp(self.norm(x))


class TokenFormer(nn.Module):
    """A causal language model.

    Args:
        shape: the embedding is the head if there are as many outputs as tokens in the vocabulary.
        layers, width, heads: as usual.
        tokens: parameter tokens of each projection of attention.
    """

    def __init__(self, shape: Shape, *, layers: int, width: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(shape.vocabulary, width)
        self.layers = nn.ModuleList(Block(width, heads, tokens) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, shape.outputs, bias=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        if shape.outputs == shape.vocabulary:
            self.head.weight = self.embed.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def grow(model: nn.Module, tokens: int) -> None:
    """Add parameter tokens to a TokenFormer, in place; its function stays (appendix B).

    Args:
        model: with its attention as published or in another form.
        tokens: parameter tokens of each projection of attention afterwards; those of MLPs stay 4 times as many.

    Raises:
        InputError: fewer tokens than there are.
    """
    parts = {path: part for path, part in model.named_modules() if isinstance(part, Pattention)}
    wanted = {path: MLP_RATIO * tokens if path.endswith("mlp") else tokens for path in parts}
    if any(len(part.key) > wanted[path] for path, part in parts.items()):
        raise InputError("at least as many parameter tokens as there are", str(tokens), "ask for more")
    for path, part in parts.items():
        part.grow(wanted[path])


def _tiny(shape: Shape, tokens: int = 32) -> TokenFormer:
    return TokenFormer(shape, layers=2, width=64, heads=2, tokens=tokens)


def _grown(model: TokenFormer, *, fixed: bool) -> TokenFormer:
    """Return a copy of twice the parameter tokens; its temperatures are as before, or those of a fresh model."""
    larger = copy.deepcopy(model)
    grow(larger, 64)
    for part in larger.modules():
        if isinstance(part, Pattention) and not fixed:
            part.weights = NormalisedGELU(len(part.key))
    return larger


def _arms(task: Task, training: Training, seed: int) -> tuple[dict[str, Score], dict[str, float]]:
    """Train a small model, then it grown and a large one; return scores, and changes of the loss by growing."""
    seed_everything(seed)
    small = _tiny(task.shape)
    fit(small, task, training, seed=seed)
    scores = {"small": score(small, task)}
    models = {name: _grown(small, fixed=name == "grown") for name in ("grown", "grown, new temperature")}
    changes = {f"change, {name}": score(one, task).loss - scores["small"].loss for name, one in models.items()}
    models |= {name: _tiny(task.shape, 64) for name in ("scratch", "scratch, all steps")}
    for name, model in models.items():
        # Other examples than the small model has seen, the same for all.
        steps = training.steps * (2 if name == "scratch, all steps" else 1)
        fit(model, task, replace(training, steps=steps), seed=seed + 1000)
        scores[name] = score(model, task)
    return scores, changes


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Grow a language model and train on, against a large one with as many steps of that size, or of both sizes."""
    runs = [_arms(find_task("docstrings"), Training(steps=100, batch=32).shortened(effort), seed) for seed in seeds]
    changes = {name: max(abs(run[1][name]) for run in runs) for name in runs[0][1]}
    found = figures({name: [run[0][name] for run in runs] for name in runs[0][0]}) | changes
    holds = found["change, grown"] <= UNCHANGED and found["loss grown"] < found["loss scratch"]
    return Outcome("holds" if holds else "does not hold at this size", found)


@register_system(
    NAME,
    title="TokenFormer: Rethinking Transformer Scaling with Tokenized Model Parameters",
    paper="2410.23168",
    variants=(*SIZES, *GROWN),
    shape=TEXT,
    task="docstrings",
    sites=(SitePattern("layers.*.attention", "causal"), SitePattern("layers.*.mlp", "pattention")),
    mlps=("layers.*.mlp",),
    capabilities=softmax_attention(dict.fromkeys(IMPOSSIBLE, NOT_LINEAR)),
    facts=tuple(Fact(name, count, tolerance=5e-4) for name, count in COUNTS.items()),
    claim=Claim(
        "a model that grows keeps its function and is then ahead of a large one with as many steps at that size", _claim
    ),
)
def tokenformer(variant: str, shape: Shape) -> TokenFormer:
    """Build a published size, a member of the growth series, or two layers of width 64 for a task."""
    if variant == TINY:
        return _tiny(shape)
    layers, width, heads = SIZES.get(variant, SIZES["150m"])
    return TokenFormer(shape, layers=layers, width=width, heads=heads, tokens=GROWN.get(variant, width))
