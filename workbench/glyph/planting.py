"""Make a denoiser take the word only from chosen sites, by hiding it from all the others in training.

At every site outside the chosen few, the text keys and values of the hidden rows are those of the same
prompt with its word left out. The weights stay stock and generation is ordinary; what has been learnt is
where the word enters, so a localisation method can be scored against a known answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from workbench.hooks.forward import forward_hooks, forward_pre_hooks


def text_projections(denoiser: nn.Module, skip: set[str]) -> list[nn.Module]:
    """Return the modules that make text keys and values at every site whose name is not in `skip`."""
    names = ("add_k_proj", "add_v_proj") if hasattr(denoiser, "transformer_blocks") else ("to_k", "to_v")
    sites = [
        (name, module)
        for name, module in denoiser.named_modules()
        if name.endswith((".attn2", ".attn")) and name not in skip
    ]
    return [getattr(module, projection) for _, module in sites for projection in names]


@contextmanager
def recording(projections: list[nn.Module], into: dict[nn.Module, torch.Tensor]) -> Iterator[None]:
    """Store each projection's output in `into` while the block runs."""

    def store(module: nn.Module, _: object, output: torch.Tensor) -> None:
        into[module] = output.detach()

    with forward_hooks([(projection, store) for projection in projections]):
        yield


@contextmanager
def replaced_outputs(
    projections: list[nn.Module], recorded: dict[nn.Module, torch.Tensor], rows: torch.Tensor
) -> Iterator[None]:
    """Replace the rows of each projection's output by the recorded ones; `rows` is a mask of shape [batch]."""
    mask = rows[:, None, None]

    def replace(module: nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return torch.where(mask, recorded[module], output)

    with forward_hooks([(projection, replace) for projection in projections]):
        yield


@contextmanager
def replaced_inputs(projections: list[nn.Module], wordless: torch.Tensor, rows: torch.Tensor) -> Iterator[None]:
    """Feed the wordless text embedding [batch, token, width] to the projections for the rows in the mask [batch]."""
    mask = rows[:, None, None]

    def replace(_: nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return (torch.where(mask, wordless, inputs[0]), *inputs[1:]), named

    with forward_pre_hooks([(projection, replace) for projection in projections]):
        yield
