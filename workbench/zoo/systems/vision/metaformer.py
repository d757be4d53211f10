"""MetaFormer Is Actually What You Need for Vision (arXiv 2111.11418): PoolFormer, and CAFormer of the same authors.

timm's models under timm's names; its PoolFormer averages the map before the last norm, the authors' after it, so counts
agree and logits do not. The first two stages pool or convolve. The last two attend in CAFormer (arXiv 2210.13452) and
in `tiny`, which is a CAFormer with pooling in place of convolutions; in PoolFormer and ConvFormer they do not either.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import torch
from torch import nn

from workbench.attention.surgery import NoBranch
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "vision/metaformer"
MIXERS: Final = ("identity", "random", "pooling", "attention")
BRANCHES: Final = {"no residual": ("res_scale1", "res_scale2"), "no MLP": ("mlp",)}
IMAGENET: Final = Shape("image", 1000, channels=3, size=224)


class RandomMixing(nn.Module):
    """Mixes tokens by a random matrix with rows that sum to 1, always the same, as the paper's ablation does."""

    def __init__(self, **unused: Any) -> None:
        super().__init__()
        self.seed = int(torch.randint(2**31, ()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = x.flatten(2)
        drawn = torch.randn(tokens.shape[-1], tokens.shape[-1], generator=torch.Generator().manual_seed(self.seed))
        return (tokens @ drawn.softmax(dim=-1).T.to(x)).view_as(x)


def new_metaformer(shape: Shape, mixers: Sequence[str]) -> nn.Module:
    """Return four stages of one block each; only the second halves the map.

    Args:
        shape: images and classes.
        mixers: of the stages, out of `MIXERS`.
    """
    from timm.models.metaformer import Attention, LayerNorm2dNoBias, LayerNormNoBias, MetaFormer, Pooling

    classes = dict(zip(MIXERS, (nn.Identity, RandomMixing, Pooling, Attention), strict=True))
    return MetaFormer(
        in_chans=shape.channels,
        num_classes=shape.outputs,
        depths=(1, 1, 1, 1),
        dims=(32, 64, 64, 64),
        token_mixers=[classes[mixer] for mixer in mixers],
        norm_layers=[LayerNormNoBias if mixer == "attention" else LayerNorm2dNoBias for mixer in mixers],
        use_mlp_head=False,
    )


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Exchange the mixer of all blocks; then, with pooling, take away the residual sums or the MLPs."""

    def without(parts: Sequence[str]) -> nn.Module:
        model = new_metaformer(task.shape, ["pooling"] * 4)
        for stage in range(4):
            for part in parts:
                model.set_submodule(f"stages.{stage}.blocks.0.{part}", NoBranch())
        return model

    task = find_task("digits32")
    arms = {mixer: partial(new_metaformer, task.shape, [mixer] * 4) for mixer in MIXERS}
    lesser = {name: partial(without, parts) for name, parts in BRANCHES.items()}
    scores = compare_arms(
        {**arms, **lesser}, task, Training(steps=160, batch=32, learning_rate=5e-3).shortened(effort), seeds
    )
    accuracy = {name: mean_accuracy(some) for name, some in scores.items()}
    mixed = [accuracy[mixer] for mixer in MIXERS]
    of_mixer = max(mixed) - min(mixed)
    of_block = accuracy["pooling"] - sum(accuracy[name] for name in BRANCHES) / len(BRANCHES)
    found = {**figures(scores), "effect of the mixer": of_mixer, "effect of the block": of_block}
    return Outcome("holds" if of_block > of_mixer else "does not hold at this size", found)


def _parameters(variant: str, expected: int) -> Fact:
    return Fact(variant, expected, "verified")


def _multiply_adds(variant: str, expected: float) -> Fact:
    return Fact(variant, expected, "verified", "multiply_adds", tolerance=0.01, note="published to two or three digits")


@register_system(
    NAME,
    title="MetaFormer Is Actually What You Need for Vision",
    paper="2111.11418",
    variants=(
        *("poolformer_s12", "poolformer_s24", "poolformer_s36", "poolformer_m36", "poolformer_m48"),
        *("poolformerv2_s12", "convformer_s18", "caformer_s18"),
    ),
    shape=IMAGENET,
    task="digits32",
    sites=(
        SitePattern("stages.0.blocks.*.token_mixer", "pool"),
        SitePattern("stages.1.blocks.*.token_mixer", "pool"),
        SitePattern("stages.2.blocks.*.token_mixer"),
        SitePattern("stages.3.blocks.*.token_mixer"),
    ),
    mlps=("stages.*.blocks.*.mlp",),
    capabilities=softmax_attention(),
    facts=(
        _parameters("poolformer_s12", 11_915_176),
        _parameters("poolformer_s24", 21_388_968),
        _parameters("poolformer_s36", 30_862_760),
        _parameters("poolformer_m36", 56_172_520),
        _parameters("poolformer_m48", 73_473_448),
        _parameters("poolformerv2_s12", 11_891_712),
        _parameters("convformer_s18", 26_774_448),
        _parameters("caformer_s18", 26_341_656),
        _multiply_adds("poolformer_s12", 1.8e9),
        _multiply_adds("poolformer_s24", 3.4e9),
        _multiply_adds("poolformer_s36", 5.0e9),
        _multiply_adds("poolformer_m36", 8.8e9),
        _multiply_adds("poolformer_m48", 11.6e9),
    ),
    claim=Claim("the block around the token mixer matters more than which mixer it is", _claim),
)
def metaformer(variant: str, shape: Shape) -> nn.Module:
    """Build a published configuration, or four blocks for a task, two that pool and two that attend."""
    if variant == TINY:
        return new_metaformer(shape, ["pooling", "pooling", "attention", "attention"])
    from timm import create_model

    return create_model(variant)
