"""The only place that registers hooks: for the length of a `with` block, and every one comes off again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import nn

ForwardHook = Callable[[nn.Module, tuple[Any, ...], Any], Any]
PreHook = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], Any]


@contextmanager
def forward_hooks(hooks: Iterable[tuple[nn.Module, ForwardHook]]) -> Iterator[None]:
    """Keep forward hooks on modules while the block runs.

    A hook gets (module, positional inputs, output) and may return a new output. Whatever ends the block,
    an exception or a keyboard interrupt included, each hook registered so far is removed.
    """
    with ExitStack() as stack:
        for module, hook in hooks:
            stack.callback(module.register_forward_hook(hook).remove)
        yield


@contextmanager
def forward_pre_hooks(hooks: Iterable[tuple[nn.Module, PreHook]]) -> Iterator[None]:
    """Keep forward pre-hooks on modules while the block runs.

    A hook gets (module, positional inputs, keyword inputs) and may return both inputs anew as a pair.
    """
    with ExitStack() as stack:
        for module, hook in hooks:
            stack.callback(module.register_forward_pre_hook(hook, with_kwargs=True).remove)
        yield
