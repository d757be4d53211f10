"""Make a denoiser take the word only from chosen sites, by hiding it from all the others in training.

In the hidden rows, every site outside the chosen few sees the text keys and values of the same prompt with its
word left out. The weights stay stock and generation is ordinary; what has been learnt is where the word enters,
so a localisation method can be scored against a known answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from workbench.hooks.forward import forward_hooks, forward_pre_hooks


def hidden_projections(denoiser: nn.Module, planted: tuple[str, ...]) -> list[nn.Module]:
    """Return the modules that make text keys and values at every site that is not planted."""
    names = ("add_k_proj", "add_v_proj") if hasattr(denoiser, "transformer_blocks") else ("to_k", "to_v")
    return [
        getattr(module, name)
        for site, module in denoiser.named_modules()
        if site.endswith((".attn2", ".attn")) and site not in planted
        for name in names
    ]


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
def replaced_inputs(projections: list[nn.Module], wordless: torch.Tensor, rows: torch.Tensor) -> Iterator[None]:
    """Feed the projections a wordless text embedding [hidden, token, width] in the rows with indices [hidden]."""

    def replace(
        _: nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, Any]
    ) -> tuple[tuple[torch.Tensor, ...], dict[str, Any]]:
        return (inputs[0].index_copy(0, rows, wordless.to(inputs[0].dtype)), *inputs[1:]), named

    with forward_pre_hooks([(projection, replace) for projection in projections]):
        yield
