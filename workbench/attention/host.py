"""Attention modules of other libraries, by class; each is one file in `workbench.attention.hosts`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

from workbench.attention.attention import Attention, causal_bias
from workbench.attention.form import Request, linear
from workbench.attention.reform import reform
from workbench.attention.variant import Variant
from workbench.errors import RefusedError
from workbench.registry import Registry


class Mechanism(ABC):
    """Knows one class of modules that mix tokens: how one takes another form."""

    @abstractmethod
    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        """Return what takes the module's place.

        Args:
            module: the old one; it is used up.
            variant: the forms to take; none of them only exchanges the kernels.
            request: whether for a training from scratch or a conversion.
            cross: whether its context is another stream.

        Raises:
            RefusedError: a form that it cannot take; the module is as it was.
        """


class Host(Mechanism):
    """Knows one class of attention modules: how to read it and what takes its place."""

    def reform(self, module: Any, variant: Variant, request: Request, *, cross: bool) -> nn.Module:
        attention = self.read(module)
        attention.cross = attention.cross or cross
        return self.shell(module, reform(attention, variant, request))

    @abstractmethod
    def read(self, module: Any) -> Attention:
        """Return an attention of the same function; its weights are the module's own where these are not fused.

        Raises:
            RefusedError: a module with parts that no attention here has.
        """

    @abstractmethod
    def shell(self, module: Any, attention: Attention) -> nn.Module:
        """Return a module that is called like the old one and attends with the new one; the old one is used up."""


class Shell(nn.Module):
    """What takes the place of another library's attention: called like it, but it attends with `attention`."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.attention = attention


class _Own(Host):
    """The project's own attention, in a shell or not, needs no translation."""

    def read(self, module: Attention | Shell) -> Attention:
        return module.attention if isinstance(module, Shell) else module

    def shell(self, module: Attention | Shell, attention: Attention) -> nn.Module:
        return module


HostClass = TypeVar("HostClass", bound=type[Mechanism])
_HOSTS: Registry[Mechanism] = Registry("attention class", "workbench.attention.hosts")


def register_host(*classes: str) -> Callable[[HostClass], HostClass]:
    """Return a decorator that registers who knows modules of these classes, named by module and class.

    Raises:
        InputError: a class is taken.
    """
    keep = _HOSTS.register(*(name.lower() for name in classes))

    def register(host: HostClass) -> HostClass:
        keep(host())
        return host

    return register


def find_attention(model: nn.Module) -> dict[str, Mechanism]:
    """Return the modules of a model that can take another form, by path, in the order of registration."""
    found: dict[str, Mechanism] = {}
    for path, module in model.named_modules():
        host = _host(module)
        if host is not None and path.rpartition(".")[0] not in found:
            found[path] = host
    return found


def host_of(model: nn.Module, path: str) -> Mechanism:
    """Return what knows the attention at a path.

    Raises:
        RefusedError: a class that no host knows.
    """
    module = model.get_submodule(path)
    host = _host(module)
    if host is None:
        raise RefusedError(f"an attention of a known class at {path!r}", type(module).__name__, "see `register_host`")
    return host


def attention_at(model: nn.Module, path: str) -> Attention | None:
    """Return the project's own attention at a site, in a shell or not; nothing if another class sits there."""
    module = model.get_submodule(path)
    own = module.attention if isinstance(module, Shell) else module
    return own if isinstance(own, Attention) else None


def fused(linear_module: nn.Linear, place: int, parts: int) -> nn.Linear:
    """Return one of several projections that are stacked in one linear module, as a copy."""
    weight = linear_module.weight.chunk(parts)[place]
    bias = None if linear_module.bias is None else linear_module.bias.chunk(parts)[place]
    return linear(weight.T, linear_module, bias)


def additive(mask: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor | None:
    """Return a mask as a bias: a boolean one hides where it is false."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(~mask, torch.finfo(like.dtype).min)


def causal(mask: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """Return a mask as a bias; without one, what comes later is hidden."""
    bias = additive(mask, like)
    return causal_bias(like.shape[1], like.device) if bias is None else bias


def refuse_cache(cache: Any) -> None:
    """Refuse to attend with cached keys and values, which forms without projections do not have."""
    if cache is not None:
        raise RefusedError("a forward pass without a cache", type(cache).__name__, "call with use_cache=False")


def _host(module: nn.Module) -> Mechanism | None:
    if isinstance(module, Attention | Shell):
        return _Own()
    name = f"{type(module).__module__}.{type(module).__qualname__}".lower()
    return _HOSTS[name] if name in _HOSTS.names() else None
