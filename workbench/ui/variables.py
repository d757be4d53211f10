"""Pipelines among the notebook's variables, found without importing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def pipelines(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the variables that hold a diffusers pipeline or an opened model, by name."""
    return ((name, value) for name, value in list(variables.items()) if name[:1] != "_" and is_pipeline(value))


def is_pipeline(value: Any) -> bool:
    """Tell a pipeline, or a `Model` around one, by the names of its classes alone."""
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(value).__mro__}
    return not kinds.isdisjoint({("diffusers", "DiffusionPipeline"), ("workbench", "Model")})
