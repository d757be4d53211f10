"""Patches of a TransformerLens bridge: rows of one batch exchange activations at named hooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from workbench.errors import InputError, RefusedError
from workbench.hooks.bridge import PointHook, bridge_hooks, hook_point
from workbench.patch.patch import Source, check_rows
from workbench.record.bridge import ACTIVATION
from workbench.record.record import Record

if TYPE_CHECKING:
    from transformer_lens.hook_points import HookPoint
    from transformer_lens.model_bridge import TransformerBridge

# A changed scale makes TransformerLens compute the norm of every row anew, in its own arithmetic.
NORM_PARTS: Final = ("hook_scale", "hook_normalized")
PATTERNS: Final = ("hook_pattern", "hook_attn_scores")


@dataclass(frozen=True, eq=False)
class HookPatch:
    """Replace what one row of a batch has at one hook of a bridge.

    Args:
        hook: TransformerLens' name, such as `encoder_blocks.3.hook_out` or `blocks.3.attn.hook_z`.
        source: another row of the same batch, `zero`, or a `Record` of one row with equally many tokens.
        positions: token positions from 0, all of them by default; of an attention pattern those of the query.
        heads: heads from 0 where the hook has an axis of heads (queries, keys, values, `hook_z`, patterns); all of
            them by default.
    """

    hook: str
    source: Source
    positions: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None


@contextmanager
def patched_hooks(
    bridge: TransformerBridge, patches: Mapping[int, Sequence[HookPatch]], *, batch: int
) -> Iterator[Counter[str]]:
    """Carry out patches while the block runs the bridge; see `workbench.patch.patch.patched`."""
    check_rows(patches, batch)
    by_hook: dict[str, list[tuple[int, HookPatch]]] = {}
    for row, row_patches in patches.items():
        for patch in row_patches:
            by_hook.setdefault(patch.hook, []).append((row, patch))
    for name in by_hook:
        check_hook(bridge, name)
    ran: Counter[str] = Counter()
    with bridge_hooks(bridge, [(name, _exchange(name, wanted, batch, ran)) for name, wanted in by_hook.items()]):
        yield ran


def token_axis(point: HookPoint, axes: int) -> int:
    """Return which axis of a hook's activation counts tokens; of an attention pattern the queries."""
    own = 2 if (point.name or "").endswith(PATTERNS) else 1
    return (own if point.pos_dim is None else point.pos_dim) % axes


def check_hook(bridge: TransformerBridge, name: str) -> None:
    """Fail unless a patch at a hook reaches the output, and by its own row alone.

    Raises:
        InputError: no hook of this name.
        RefusedError: a change there is discarded or also reaches other rows.
    """
    from transformer_lens.model_bridge.generalized_components import AttentionBridge

    canonical = hook_point(bridge, name).name or name
    if canonical.endswith(NORM_PARTS):
        raise RefusedError(
            "a hook at which a change of one row leaves the others alone",
            f"{name!r}, a part of a norm",
            "patch hook_in or hook_out of the norm",
        )
    if not canonical.endswith(PATTERNS):
        return
    attention = bridge.get_submodule(canonical.rpartition(".")[0])
    inside = getattr(getattr(attention, "original_component", None), "accepts_pattern_fn", False)
    if type(attention).forward is AttentionBridge.forward and not inside:
        raise RefusedError(
            "a hook whose change reaches the output",
            f"{name!r}: transformers computes this attention itself and TransformerLens shows a copy of the pattern",
            "record it, or patch q, k, v or hook_z of this attention",
        )


def _exchange(name: str, wanted: list[tuple[int, HookPatch]], batch: int, ran: Counter[str]) -> PointHook:
    """Return the hook that replaces activations in the wanted rows."""

    def exchange(activation: torch.Tensor, *, hook: HookPoint) -> torch.Tensor:
        if len(activation) != batch:
            raise InputError(
                f"one row for each of {batch} texts",
                f"{len(activation)} rows at {name}",
                "run that batch, or choose a hook whose first axis is the batch",
            )
        axis = token_axis(hook, activation.ndim) - 1
        changed = activation.clone()
        for row, patch in wanted:
            target = changed[row].movedim(axis, 0)
            new = _new(activation, patch, ran[name]).movedim(axis, 0)
            _check_extent(patch, tokens=len(target), heads=target.shape[1] if activation.ndim == 4 else 0)
            heads = ... if patch.heads is None else list(patch.heads)
            for places in (slice(None),) if patch.positions is None else patch.positions:
                target[places, heads] = new[places, heads]
        ran[name] += 1
        return changed

    return exchange


def _new(activation: torch.Tensor, patch: HookPatch, call: int) -> torch.Tensor:
    """Return what a row gets, of the shape of one row."""
    if isinstance(patch.source, int):
        return activation[patch.source]
    if isinstance(patch.source, Record):
        recorded = patch.source.tensors.get((patch.hook, ACTIVATION, call))
        if recorded is None or recorded.shape != activation[:1].shape:
            raise InputError(
                f"a record of {patch.hook} with one row of {tuple(activation.shape[1:])} at call {call}",
                "none" if recorded is None else f"{tuple(recorded.shape)}",
                "record the same hook with equally many tokens and choose a row with `Record.rows`",
            )
        return recorded[0].to(activation.device, activation.dtype)
    return torch.zeros_like(activation[0])


def _check_extent(patch: HookPatch, tokens: int, heads: int) -> None:
    if patch.positions is not None and not all(0 <= place < tokens for place in patch.positions):
        raise InputError(
            f"positions from 0 to {tokens - 1} at {patch.hook}", f"{patch.positions}", "give existing positions"
        )
    if patch.heads is not None and not all(0 <= head < heads for head in patch.heads):
        expected = f"heads from 0 to {heads - 1}" if heads else "no heads, for this hook has no axis of heads,"
        raise InputError(f"{expected} at {patch.hook}", f"{patch.heads}", "give existing heads")
