"""Transformer in Transformer (arXiv 2103.00112): an inner transformer over the pixels of each patch.

timm's model under timm's names. The authors' code also holds a table of patches that nothing uses, which is in the
published 65.6 M of TNT-B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from torch import nn

from workbench.attention.surgery import operate
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.tasks.patches import CELL
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "vision/tnt"
WIDTH: Final = 64
# Two points of accuracy: what seeds alone make of a model trained this briefly.
MARGIN: Final = 0.02
IMAGENET: Final = Shape("image", 1000, channels=3, size=224)


def new_tnt(shape: Shape, patch: int) -> nn.Module:
    """Return two blocks of width 64 with inner width 16; pixels are grouped so that a patch has about 16 of them."""
    from timm.models.tnt import TNT

    return TNT(
        img_size=shape.size,
        patch_size=patch,
        in_chans=shape.channels,
        num_classes=shape.outputs,
        embed_dim=WIDTH,
        inner_dim=16,
        depth=2,
        num_heads_inner=4,
        num_heads_outer=4,
        first_stride=max(1, patch // 4),
    )


def _plain(shape: Shape, patch: int) -> nn.Module:
    """Return a plain vision transformer with as many weights as `new_tnt`."""
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(
        img_size=shape.size,
        patch_size=patch,
        in_chans=shape.channels,
        num_classes=shape.outputs,
        embed_dim=WIDTH,
        depth=3,
        num_heads=4,
    )


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train TNT, a plain transformer of equal size, and TNT whose inner attention looks at all pixels alike."""

    def uniform_inside() -> nn.Module:
        model = new_tnt(task.shape, CELL)
        operate(model, "uniform", [f"blocks.{index}.attn_in" for index in range(2)])
        return model

    task = find_task("patches")
    arms: dict[str, Callable[[], nn.Module]] = {
        "TNT": partial(new_tnt, task.shape, CELL),
        "plain": partial(_plain, task.shape, CELL),
        "TNT, uniform inside": uniform_inside,
    }
    scores = compare_arms(arms, task, Training(steps=150).shortened(effort), seeds)
    best, plain, uniform = (mean_accuracy(scores[name]) for name in arms)
    holds = best >= plain + MARGIN and best >= uniform + MARGIN
    return Outcome("holds" if holds else "does not hold at this size", figures(scores))


@register_system(
    NAME,
    title="Transformer in Transformer",
    paper="2103.00112",
    variants=("tnt_s_patch16_224", "tnt_b_patch16_224", "tnt_s_legacy_patch16_224"),
    shape=IMAGENET,
    task="patches",
    sites=(SitePattern("blocks.*.attn_in"), SitePattern("blocks.*.attn_out")),
    mlps=("blocks.*.mlp_in", "blocks.*.mlp"),
    capabilities=softmax_attention(),
    facts=(
        Fact("tnt_s_patch16_224", 23_768_584, "verified"),
        Fact("tnt_b_patch16_224", 65_428_680, "verified", note="published as 65.6 M, with the unused table"),
        Fact("tnt_s_legacy_patch16_224", 23_755_336, "verified"),
        Fact("tnt_s_patch16_224", 5.2e9, "verified", "multiply_adds", tolerance=0.01),
        Fact("tnt_b_patch16_224", 14.1e9, "verified", "multiply_adds", tolerance=0.01),
    ),
    claim=Claim(
        "attention inside patches tells arrangements in a patch apart better than a plain transformer of equal size",
        _claim,
    ),
)
def tnt(variant: str, shape: Shape) -> nn.Module:
    """Build a published configuration, or two blocks over at least four by four patches for a task."""
    if variant == TINY:
        return new_tnt(shape, max(2, shape.size // 4))
    from timm import create_model

    return create_model(variant)
