"""Rooms that are called like their verb: `workbench.localize` is a package and can be called as well."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class CallableRoom(ModuleType):
    """A package that passes a call on to the function of its own name in its module of that name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        verb = self.__name__.rpartition(".")[2]
        return getattr(import_module(f"{self.__name__}.{verb}"), verb)(*args, **kwargs)


def make_callable(package: str) -> None:
    """Let a package be called; to be used in its `__init__` with `__name__`."""
    sys.modules[package].__class__ = CallableRoom
