"""Hooks at the hook points of a TransformerLens bridge, by its own names, for the length of a `with` block."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError

if TYPE_CHECKING:
    from transformer_lens.hook_points import HookPoint
    from transformer_lens.model_bridge import TransformerBridge
    from typing_extensions import TypeIs

PointHook = Callable[..., Any]


def is_bridge(model: object) -> TypeIs[TransformerBridge]:
    """Tell whether a model is a bridge; TransformerLens, which is slow to import, has made it if it is one."""
    library = sys.modules.get("transformer_lens.model_bridge")
    return library is not None and isinstance(model, library.TransformerBridge)


@contextmanager
def bridge_hooks(bridge: TransformerBridge, hooks: Sequence[tuple[str, PointHook]]) -> Iterator[None]:
    """Keep hooks at named hook points while the block runs.

    Args:
        bridge: a TransformerLens bridge.
        hooks: name of a hook point, also an alias such as `hook_resid_post`, and a function of (activation, hook=point)
            that may return a new activation. It sees what TransformerLens shows, heads on an axis of their own.

    Raises:
        InputError: no hook point of that name, or one that is switched off.

    Whatever ends the block, exactly these hooks are removed.
    """
    for name, hook in hooks:
        point = hook_point(bridge, name)
        try:
            bridge.check_hooks_to_add(point, name, hook)
        except ValueError as error:
            raise InputError("a hook that is switched on", repr(name), str(error)) from error
    with bridge.hooks(fwd_hooks=list(hooks)):
        yield


def hook_point(bridge: TransformerBridge, name: str) -> HookPoint:
    """Return the hook point of a name or alias.

    Raises:
        InputError: there is none.
    """
    point = bridge.get_hook_point(name)
    if point is None:
        names = list(bridge.hook_dict)
        near = get_close_matches(name, names) or names[:3]
        raise InputError(
            "the name of a hook of this bridge", repr(name), f"choose one of `bridge.hook_dict`, such as {near}"
        )
    return point
