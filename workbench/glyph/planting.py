"""Make a denoiser take the word only from chosen sites, by telling every site what it may know in training.

In most rows of a batch, every site outside the chosen few sees the prompt without its word. That leaves open how the
chosen sites share the work, and one of them may take it all. Where each of them is to be needed, they own letters: of
two sites, the first sees a prompt in which the first, third and fifth letter are true, the second one in which the
others are. All other letters, and the whole word at every other site, are then random, so that nothing but reading
each letter where it is true lowers the loss. Training on such exchanged inputs fixes what each site causes
(interchange intervention training, Geiger et al. 2022, arXiv 2112.00826). The weights stay stock and generation is
ordinary; what has been learnt is where the word enters, so a localisation method can be scored against a known answer.
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


def told_words(word: str, owners: int, rng: random.Random) -> list[str]:
    """Return what each of so many sites is told, and last what all others are: random letters at places not owned."""
    letters = string.ascii_uppercase
    told = [
        "".join(c if place % owners == site else rng.choice(letters) for place, c in enumerate(word))
        for site in range(owners)
    ]
    return [*told, "".join(rng.choices(letters, k=len(word)))]


def text_projections(denoiser: nn.Module) -> dict[str, list[nn.Module]]:
    """Return the modules that make the text keys and values of each site, by the site's name."""
    names = ("add_k_proj", "add_v_proj") if hasattr(denoiser, "transformer_blocks") else ("to_k", "to_v")
    return {
        site: [getattr(module, name) for name in names]
        for site, module in denoiser.named_modules()
        if site.endswith((".attn2", ".attn"))
    }


def told_projections(denoiser: nn.Module, planted: tuple[str, ...], owned: bool) -> list[list[nn.Module]]:
    """Return the projections of each planted site if they own letters, and last those of all other sites together."""
    sites = text_projections(denoiser)
    others = [projection for site, some in sites.items() if site not in planted for projection in some]
    return [*(sites[site] for site in planted if owned), others]


@contextmanager
def recording(projections: list[nn.Module], into: dict[nn.Module, torch.Tensor]) -> Iterator[None]:
    """Store each projection's output in `into` while the block runs."""

    def store(module: nn.Module, _: object, output: torch.Tensor) -> None:
        into[module] = output.detach()

    with forward_hooks([(projection, store) for projection in projections]):
        yield


@contextmanager
def replaced_outputs(recorded: Mapping[nn.Module, torch.Tensor], rows: torch.Tensor) -> Iterator[None]:
    """Replace rows of each projection's output by the recorded ones; `rows` are the indices [exchanged]."""

    def replace(module: nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return output.index_copy(0, rows, recorded[module].to(output.dtype))

    with forward_hooks([(projection, replace) for projection in recorded]):
        yield


@contextmanager
def replaced_inputs(texts: list[tuple[list[nn.Module], torch.Tensor]], rows: torch.Tensor) -> Iterator[None]:
    """Feed groups of projections a text embedding each, [exchanged, token, width], in these rows [exchanged]."""

    def replacing(text: torch.Tensor) -> Any:
        def replace(
            _: nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, Any]
        ) -> tuple[tuple[torch.Tensor, ...], dict[str, Any]]:
            return (inputs[0].index_copy(0, rows, text.to(inputs[0].dtype)), *inputs[1:]), named

        return replace

    hooks = [(projection, replacing(text)) for projections, text in texts for projection in projections]
    with forward_pre_hooks(hooks):
        yield
