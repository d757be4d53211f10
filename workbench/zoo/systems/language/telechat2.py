"""TeleChat2 and its successors (arXiv 2507.18013): Llama with biases after attention and MLP, and a rotary base that
grows with the length.

The released code ignores the `rope_theta` of its configuration, and so does this file. Weights are not to be had here;
`from_released` translates their names and undoes the interleaving of keys and values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

import torch
import torch.nn.functional as F
from torch import nn

from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, rotary_attention
from workbench.zoo.systems.language.llama import CausalLogits, llama
from workbench.zoo.task import Batch, Task, find_task
from workbench.zoo.train import Training, fit, outputs, seed_everything

NAME: Final = "language/telechat2"
BASE: Final = 10_000.0
# Layers, width, MLP, query heads, key heads.
SIZES: Final = {
    "3b": (24, 3072, 6144, 24, 24),
    "7b": (30, 4096, 12288, 32, 32),
    "35b": (64, 6144, 20480, 48, 48),
    "115b": (96, 8192, 40960, 64, 8),
}
TEXT = Shape("tokens", 131_072, each=True, vocabulary=131_072, length=8192)
# The experiment trains on a quarter of the length that it tests.
TRAINED, MARGIN = 16, 0.1
NAMES: Final = {
    "transformer.word_embeddings": "model.embed_tokens",
    "transformer.ln_f": "model.norm",
    "transformer.h.": "model.layers.",
    "self_attention.query": "self_attn.q_proj",
    "self_attention.dense": "self_attn.o_proj",
    "self_attention.key_value": "self_attn.key_value",
}


def rotary_growth(length: int, trained: int, base_length: int, head_width: int) -> tuple[float, float]:
    """Return the rotary base and the factor on cosines and sines for texts of a length.

    Args:
        length: of the text, in tokens; shorter texts are treated as those of the trained length.
        trained: longest text of the training.
        base_length: longest text of the base of 10,000.
        head_width: of a head.
    """
    length = max(length, trained)
    alpha = max(2.0 ** math.ceil(math.log2(length / base_length) + 1) - 1, 1.0)
    return BASE * alpha ** (head_width / (head_width - 2)), 0.1 * math.log(length / trained) + 1


class GrowingRotary(nn.Module):
    """Rotary positions after `rotary_growth`; called like the rotary embedding of Llama."""

    def __init__(self, head_width: int, trained: int, base_length: int) -> None:
        super().__init__()
        self.head_width, self.trained, self.base_length = head_width, trained, base_length

    def forward(self, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return cosines and sines, each [batch, token, head width]."""
        base, factor = rotary_growth(x.shape[1], self.trained, self.base_length, self.head_width)
        channels = torch.arange(0, self.head_width, 2, device=x.device)
        angles = position_ids[..., None] * base ** (-channels / self.head_width)
        angles = torch.cat([angles, angles], dim=-1)
        return (factor * angles.cos()).to(x.dtype), (factor * angles.sin()).to(x.dtype)


def from_released(state: Mapping[str, torch.Tensor], key_heads: int) -> dict[str, torch.Tensor]:
    """Return released weights under the names of Llama; keys and values come interleaved, one head after the other."""
    found = {}
    for name, weight in state.items():
        for old, new in NAMES.items():
            name = name.replace(old, new)
        if ".key_value." not in name:
            found[name] = weight
            continue
        key, value = weight.unflatten(0, (key_heads, 2, -1)).unbind(1)
        found[name.replace("key_value", "k_proj")] = key.flatten(0, 1)
        found[name.replace("key_value", "v_proj")] = value.flatten(0, 1)
    return found


def build(
    shape: Shape, layers: int, width: int, hidden: int, heads: int, key_heads: int, *, trained: int
) -> CausalLogits:
    """Build a Llama with biases in the outputs of attention and MLP, and growing rotary positions."""
    model = llama(
        shape,
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        rms_norm_eps=1e-5,
    )
    trunk = model.network.model
    trunk.rotary_emb = GrowingRotary(width // heads, trained, trained)
    for layer in trunk.layers:
        layer.self_attn.o_proj.bias = nn.Parameter(torch.zeros(width))
        layer.mlp.down_proj.bias = nn.Parameter(torch.zeros(width))
    return model


class _Beginnings(Task):
    """The first tokens of another task's examples."""

    def __init__(self, task: Task, length: int) -> None:
        self.task, self.length, self.shape = task, length, replace(task.shape, length=length)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        return self._cut(self.task.batch(size, generator))

    def test(self) -> Batch:
        return self._cut(self.task.test())

    def _cut(self, batch: Batch) -> Batch:
        return Batch((batch.inputs[0][:, : self.length],), batch.targets[:, : self.length])


@torch.no_grad()
def _late_loss(model: nn.Module, batch: Batch, tokens: int) -> float:
    """Return the loss of the last tokens of each example."""
    logits = outputs(model, batch.inputs)[:, -tokens:]
    return float(F.cross_entropy(logits.flatten(0, 1), batch.targets[:, -tokens:].flatten()))


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train on short texts; then compare the last quarter of long ones with and without growth."""
    long = find_task("docstrings")
    short = _Beginnings(long, TRAINED)
    found: dict[str, list[float]] = {"trained length": [], "growing": [], "fixed": []}
    for seed in seeds:
        seed_everything(seed)
        model = build(long.shape, 2, 64, 128, 4, 4, trained=TRAINED)
        fit(model, short, Training(steps=1000).shortened(effort), seed=seed)
        found["trained length"].append(_late_loss(model, short.test(), TRAINED))
        found["growing"].append(_late_loss(model, long.test(), TRAINED))
        model.network.model.rotary_emb = GrowingRotary(16, long.shape.length, long.shape.length)
        found["fixed"].append(_late_loss(model, long.test(), TRAINED))
    loss = {name: fmean(some) for name, some in found.items()}
    kept = loss["growing"] < loss["fixed"] and loss["growing"] <= (1 + MARGIN) * loss["trained length"]
    figures = {f"loss {name}": value for name, value in loss.items()}
    return Outcome("holds" if kept else "does not hold at this size", figures)


@register_system(
    NAME,
    title="Technical Report of TeleChat2, TeleChat2.5 and T1",
    paper="2507.18013",
    variants=tuple(SIZES),
    shape=TEXT,
    task="docstrings",
    sites=(SitePattern("network.model.layers.*.self_attn", "causal"),),
    mlps=("network.model.layers.*.mlp",),
    capabilities=rotary_attention(),
    facts=(
        Fact("3b", 3_070_528_512),
        Fact("7b", 7_617_351_680),
        Fact("35b", 35_435_059_200),
        Fact("115b", 113_282_916_352),
    ),
    claim=Claim(
        "a rotary base that grows with the length lets a model read four times the length that it was trained on",
        _claim,
    ),
)
def telechat2(variant: str, shape: Shape) -> CausalLogits:
    """Build a published size, or two layers of width 64 for a task."""
    if variant == TINY:
        return build(shape, 2, 64, 128, 4, 4, trained=shape.length)
    return build(TEXT, *SIZES[variant], trained=TEXT.length)
