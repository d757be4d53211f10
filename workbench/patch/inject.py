"""Injection: give one site another row's text embedding, as the localisation paper does for U-Nets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from workbench.errors import InputError, RefusedError
from workbench.hooks.forward import forward_pre_hooks
from workbench.models.model import Model
from workbench.sites.site import Site


@contextmanager
def injected(model: Model, sources: Mapping[int, tuple[int, Sequence[Site]]], *, batch: int) -> Iterator[None]:
    """Feed rows the text embedding of other rows at chosen sites while the block generates one batch.

    Args:
        model: an opened model with weights.
        sources: for each row the row to read from and the sites at which to do so.
        batch: prompts per pipeline call.

    Raises:
        InputError: a row outside the batch.
        RefusedError: a site whose text input depends on image and step, as in joint attention; there
            injection is not the same as patching keys and values.
    """
    by_site: dict[Site, list[tuple[int, int]]] = {}
    for row, (source, sites) in sources.items():
        if not (0 <= row < batch and 0 <= source < batch):
            raise InputError(f"rows from 0 to {batch - 1}", f"row {row} from {source}", "give rows of the batch")
        for site in sites:
            if site.kind not in {"cross", "added_kv"}:
                raise RefusedError("cross attention or added keys and values", f"{site.name} ({site.kind})", "patch it")
            by_site.setdefault(site, []).append((row, source))
    hooks = [(model.denoiser.get_submodule(site.name), _swap(site, pairs, batch)) for site, pairs in by_site.items()]
    with forward_pre_hooks(hooks):
        yield


def _swap(site: Site, pairs: list[tuple[int, int]], batch: int) -> Any:
    def swapped(rows: torch.Tensor) -> torch.Tensor:
        changed = rows.clone()
        for half in range(len(rows) // batch):
            for row, source in pairs:
                changed[half * batch + row] = rows[half * batch + source]
        return changed

    def hook(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        arguments = ("encoder_hidden_states", site.mask_argument)
        given = {name: named[name] for name in arguments if name is not None and named.get(name) is not None}
        return inputs, {**named, **{name: swapped(rows) for name, rows in given.items()}}

    return hook
