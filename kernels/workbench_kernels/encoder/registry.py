"""Packed encoders by the class of transformers that they are made of."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from workbench_kernels.encoder.model import PackedModel

FAMILIES: dict[str, Callable[[nn.Module], PackedModel]] = {}


def packs(name: str) -> Callable[[type[PackedModel]], type[PackedModel]]:
    """Return a decorator that registers a packed encoder for a class of transformers."""

    def keep(build: type[PackedModel]) -> type[PackedModel]:
        FAMILIES[name] = build
        return build

    return keep
