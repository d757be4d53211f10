"""Record activations of a TransformerLens bridge by the names of its hooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import torch

from workbench.hooks.bridge import PointHook, bridge_hooks
from workbench.record.record import Record

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

# A record's key names a part of a site; a hook has one.
ACTIVATION: Final = "activation"


@contextmanager
def record_hooks(bridge: TransformerBridge, hooks: Sequence[str]) -> Iterator[Record]:
    """Record activations while the block runs the bridge; see `workbench.record.record.record`."""
    kept = Record()
    with bridge_hooks(bridge, [(name, _store(kept, name)) for name in dict.fromkeys(hooks)]):
        yield kept


def _store(kept: Record, name: str) -> PointHook:
    calls = count()

    def keep(activation: torch.Tensor, *, hook: Any) -> None:
        # Activations that are already on the CPU must be copied: the model may write into them later.
        kept.tensors[name, ACTIVATION, next(calls)] = activation.detach().to("cpu", copy=True)

    return keep
