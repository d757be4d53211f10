"""Mamba: Linear-Time Sequence Modeling with Selective State Spaces (arXiv 2312.00752), and Mamba-2 (2405.21060).

The layers are those of transformers; the head here is tied to the embedding if the model answers with its own
vocabulary. Mamba-2 is the tiny configuration: its scan is a product of matrices, not a loop over tokens. Its decays
start at 1, 2, ... heads, where the paper draws them from 1 to 16.

There is no softmax and nothing to collapse: convolution, SiLU and decay stand between the projections. What plays
the part of an attention pattern is `mixing_matrix`; C are its queries, B its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

from workbench.attention.form import Request, find_form, list_forms
from workbench.attention.host import Mechanism, register_host
from workbench.attention.variant import NO_MLP, Variant
from workbench.errors import RefusedError
from workbench.zoo.registry import register_system
from workbench.zoo.shape import Shape
from workbench.zoo.system import TINY, Claim, Fact, Outcome, SitePattern, softmax_attention
from workbench.zoo.task import find_task
from workbench.zoo.train import Training, compare_arms, figures, mean_accuracy

NAME: Final = "sequence/mamba"
NO_LOGITS: Final = "there are no logits: convolution, SiLU and decay stand between projection and product"
NO_VALUES: Final = "convolution, SiLU and gate stand between the projections of what is mixed"
IMPOSSIBLE: Final = {
    name: NO_LOGITS if find_form(name).part == "scores" else NO_VALUES for name in list_forms() if name != "symmetric"
}
# Layers and width; Mamba-2 pads the vocabulary to a multiple of 16.
MAMBA: Final = {"130m": (24, 768), "370m": (48, 1024), "790m": (48, 1536), "1.4b": (48, 2048), "2.8b": (64, 2560)}
MAMBA2: Final = {"130m": (24, 768), "370m": (48, 1024), "780m": (48, 1536), "1.3b": (48, 2048), "2.7b": (64, 2560)}
PADDED: Final = 50_288
TEXT: Final = Shape("tokens", 50_280, each=True, vocabulary=50_280, length=2048)
SOLVED: Final = 0.9
# What is lost without selection must be far more than seeds make.
MARGIN: Final = 0.25


class MambaLanguageModel(nn.Module):
    """Layers `x + mixer(norm(x))`, with one output a token.

    Args:
        backbone: `MambaModel` or `Mamba2Model` of transformers.
        outputs: the embedding is the head if it has as many rows.
    """

    backbone: Any

    def __init__(self, backbone: Any, outputs: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.config.hidden_size, outputs, bias=False)
        if outputs == backbone.config.vocab_size:
            self.head.weight = backbone.embeddings.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(input_ids=tokens, use_cache=False).last_hidden_state)


def mixing_matrix(mixer: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    """Return the matrix by which a mixer's state space mixes tokens (arXiv 2405.21060, section 2.3).

    `M_ij = sum_n C_in B_jn exp(A_n (Δ_(j+1) + ... + Δ_i)) Δ_j` with step sizes Δ, and 0 for j > i; a state space gives
    `M x` and adds its skip connection `D x`.

    Args:
        mixer: `MambaMixer`, or `Mamba2Mixer` with one group.
        hidden_states: [batch, token, width], as the mixer is called with.

    Returns:
        [batch, channel, token, token] for Mamba, [batch, head, token, token] for Mamba-2.
    """
    _, key, query, step, _ = state_space_inputs(mixer, hidden_states)
    step = step.transpose(1, 2)
    total = step.cumsum(-1)
    # Later tokens are cut off below; without the clamp their decay would overflow before.
    gap = (total[..., :, None] - total[..., None, :]).clamp_min(0)
    rates = -mixer.A_log.exp().view(1, step.shape[1], 1, 1, -1)
    scores = torch.einsum("bin,bjn,bhijn->bhij", query, key, (rates * gap[..., None]).exp())
    return (scores * step[..., None, :]).tril()


def state_space_inputs(mixer: Any, hidden_states: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return what a mixer makes of its input before the scan.

    Returns:
        x [batch, token, channel], B and C [batch, token, state], step sizes [batch, token, channel or head] and
        the gate [batch, token, channel].
    """
    inner, state, projected = mixer.intermediate_size, mixer.ssm_state_size, mixer.in_proj(hidden_states)
    if hasattr(mixer, "x_proj"):
        x, gate = projected.chunk(2, dim=-1)
        x = _convolved(mixer.conv1d, x)
        step, key, query = mixer.x_proj(x).split([mixer.time_step_rank, state, state], dim=-1)
        return x, key, query, F.softplus(mixer.dt_proj(step)), gate
    gate, mixed, step = projected.split([inner, inner + 2 * state, mixer.num_heads], dim=-1)
    x, key, query = _convolved(mixer.conv1d, mixed).split([inner, state, state], dim=-1)
    return x, key, query, F.softplus(step + mixer.dt_bias), gate


def _convolved(convolution: nn.Conv1d, x: torch.Tensor) -> torch.Tensor:
    return F.silu(convolution(x.transpose(1, 2))[..., : x.shape[1]]).transpose(1, 2)


class _SharedRows(nn.Module):
    """Two neighbouring slices of a weight's rows are one.

    Args:
        start: of the first slice.
        size: of each.
        convert: whether the shared slice starts as their mean, the nearest; else as the first.
    """

    def __init__(self, start: int, size: int, convert: bool) -> None:
        super().__init__()
        self.start, self.size, self.convert = start, size, convert

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        before, shared, after = weight.tensor_split([self.start, self.start + self.size])
        return torch.cat([before, shared, shared, after])

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        places = [self.start, self.start + self.size, self.start + 2 * self.size]
        before, first, second, after = weight.tensor_split(places)
        return torch.cat([before, (first + second) / 2 if self.convert else first, after])


@register_host(
    "transformers.models.mamba.modeling_mamba.MambaMixer", "transformers.models.mamba2.modeling_mamba2.Mamba2Mixer"
)
class MambaMechanism(Mechanism):
    """Makes a mixer symmetric: B and C, which play keys and queries, come from the same weights."""

    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        if variant.values is not None:
            raise RefusedError("a mechanism with values", NO_VALUES, "choose another variant or site")
        if variant.scores is not None and variant.scores.name != "symmetric":
            raise RefusedError("a mechanism with logits", NO_LOGITS, "choose `symmetric` or another site")
        if variant.scores is not None:
            for part, name, start in _places(module):
                if not is_parametrized(part, name):
                    rows = _SharedRows(start, module.ssm_state_size, request.mode == "convert")
                    register_parametrization(part, name, rows, unsafe=True)
        return module


def _places(mixer: Any) -> list[tuple[nn.Module, str, int]]:
    """Return the weights that make B and C, and the first row of B in each; C comes next."""
    if hasattr(mixer, "x_proj"):
        return [(mixer.x_proj, "weight", mixer.time_step_rank)]
    inner = mixer.intermediate_size
    return [(mixer.in_proj, "weight", 2 * inner), (mixer.conv1d, "weight", inner), (mixer.conv1d, "bias", inner)]


class _ConstantRows(nn.Module):
    """The last rows of a weight are 0, so that what they give does not depend on the input.

    Args:
        rows: how many.
    """

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return F.pad(weight, (0, 0, 0, self.rows))

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight[: -self.rows]


def without_selection(mixer: Any) -> None:
    """Make B, C and the step sizes of a `Mamba2Mixer` learned constants, in place: a time-invariant state space."""
    inner, state = mixer.intermediate_size, mixer.ssm_state_size
    register_parametrization(mixer.in_proj, "weight", _ConstantRows(2 * state + mixer.num_heads), unsafe=True)
    # Behind the convolution its bias is all that is left of B and C; where both start at 0 nothing is learned.
    nn.init.normal_(mixer.conv1d.bias.data[inner:])


def _claim(seeds: Sequence[int], effort: float) -> Outcome:
    """Train with and without selection on selective copying."""

    def build(selective: bool) -> nn.Module:
        model = _tiny(task.shape)
        for block in () if selective else model.backbone.layers:
            without_selection(block.mixer)
        return model

    task = find_task("copying")
    arms = {"selective": partial(build, True), "time-invariant": partial(build, False)}
    scores = compare_arms(arms, task, Training(steps=200, learning_rate=4e-3).shortened(effort), seeds)
    solved, constant = (mean_accuracy(scores[name]) for name in arms)
    holds = solved >= SOLVED and solved - constant >= MARGIN
    return Outcome(
        "holds" if holds else "does not hold at this size", {**figures(scores), "accuracy chance": task.chance()}
    )


def new_mamba(shape: Shape, *, layers: int, width: int) -> MambaLanguageModel:
    """Return a Mamba language model."""
    from transformers import MambaConfig, MambaModel

    config = MambaConfig(vocab_size=shape.vocabulary, num_hidden_layers=layers, hidden_size=width)
    return MambaLanguageModel(MambaModel(config), shape.outputs)


def new_mamba2(shape: Shape, *, layers: int, width: int, state: int = 128, head_width: int = 64) -> MambaLanguageModel:
    """Return a Mamba-2 language model with one group."""
    from transformers import Mamba2Config, Mamba2Model

    config = Mamba2Config(
        vocab_size=shape.vocabulary,
        num_hidden_layers=layers,
        hidden_size=width,
        state_size=state,
        head_dim=head_width,
        num_heads=2 * width // head_width,
        n_groups=1,
        # The scan pads to whole chunks.
        chunk_size=min(256, shape.length),
    )
    return MambaLanguageModel(Mamba2Model(config), shape.outputs)


def _tiny(shape: Shape) -> MambaLanguageModel:
    return new_mamba2(shape, layers=2, width=64, state=32, head_width=32)


@register_system(
    NAME,
    title="Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
    paper="2312.00752",
    variants=(*(f"mamba-{size}" for size in MAMBA), *(f"mamba2-{size}" for size in MAMBA2)),
    shape=TEXT,
    task="copying",
    sites=(SitePattern("backbone.layers.*.mixer", "ssm"),),
    mlps=(),
    capabilities=softmax_attention({**IMPOSSIBLE, NO_MLP: "there is no MLP"}),
    facts=(
        Fact("mamba-130m", 129_135_360),
        Fact("mamba-370m", 371_516_416),
        Fact("mamba-790m", 793_204_224),
        Fact("mamba-1.4b", 1_372_178_432),
        Fact("mamba-2.8b", 2_768_345_600),
        Fact("mamba2-130m", 128_989_632),
        Fact("mamba2-370m", 368_346_624),
        Fact("mamba2-780m", 780_161_280),
        Fact("mamba2-1.3b", 1_343_757_312),
        Fact("mamba2-2.7b", 2_702_599_680),
    ),
    claim=Claim("selective copying is solved if B, C and the step size depend on the token, and not otherwise", _claim),
)
def mamba(variant: str, shape: Shape) -> MambaLanguageModel:
    """Build a released size of Mamba or Mamba-2, or two layers of Mamba-2 of width 64 for a task."""
    if variant == TINY:
        return _tiny(shape)
    kind, size = variant.split("-")
    if kind == "mamba":
        layers, width = MAMBA[size]
        return new_mamba(shape, layers=layers, width=width)
    layers, width = MAMBA2[size]
    return new_mamba2(replace(shape, vocabulary=PADDED, outputs=PADDED), layers=layers, width=width)
