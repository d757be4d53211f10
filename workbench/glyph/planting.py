"""Make a denoiser take the word only from chosen sites, by hiding it from all the others in training.

In the hidden rows, every site outside the chosen few sees the text keys and values of the same prompt with its
word left out, and of n chosen sites each sees a word of which only every n-th letter is the true one, the
others being random. So no site can do without the others. The weights stay stock and generation is ordinary;
what has been learnt is where the word enters, so a localisation method can be scored against a known answer.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from workbench.hooks.forward import forward_hooks, forward_pre_hooks


def partly_true(word: str, part: int, parts: int, rng: random.Random) -> str:
    """Return a word that keeps every `parts`-th letter from place `part` on; the others are random."""
    return "".join(
        letter if place % parts == part else rng.choice(string.ascii_uppercase) for place, letter in enumerate(word)
    )


def text_projections(denoiser: nn.Module) -> dict[str, list[nn.Module]]:
    """Return, by site name, the two modules that make its text keys and values."""
    names = ("add_k_proj", "add_v_proj") if hasattr(denoiser, "transformer_blocks") else ("to_k", "to_v")
    return {
        site: [getattr(module, name) for name in names]
        for site, module in denoiser.named_modules()
        if site.endswith((".attn2", ".attn"))
    }


@contextmanager
def recording(projections: list[nn.Module], into: dict[nn.Module, torch.Tensor]) -> Iterator[None]:
    """Store each projection's output in `into` while the block runs."""

    def store(module: nn.Module, _: object, output: torch.Tensor) -> None:
        into[module] = output.detach()

    with forward_hooks([(projection, store) for projection in projections]):
        yield


@contextmanager
def replaced_outputs(recorded: Mapping[nn.Module, torch.Tensor], rows: torch.Tensor) -> Iterator[None]:
    """Replace rows of each projection's output by the recorded ones; `rows` are the indices [hidden]."""

    def replace(module: nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return output.index_copy(0, rows, recorded[module].to(output.dtype))

    with forward_hooks([(projection, replace) for projection in recorded]):
        yield


@contextmanager
def replaced_inputs(texts: Mapping[nn.Module, torch.Tensor], rows: torch.Tensor) -> Iterator[None]:
    """Feed each projection another text embedding [hidden, token, width] in the rows with indices [hidden]."""

    def replace(
        module: nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, Any]
    ) -> tuple[tuple[torch.Tensor, ...], dict[str, Any]]:
        return (inputs[0].index_copy(0, rows, texts[module].to(inputs[0].dtype)), *inputs[1:]), named

    with forward_pre_hooks([(projection, replace) for projection in texts]):
        yield
