"""Attribution methods by name: a method is a decorated function from a problem to scores, in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from workbench.attribute.problem import Problem
from workbench.attribute.quadrature import Scored
from workbench.registry import Registry

Run = Callable[[Problem], Iterable[Scored]]
DEFAULT: Final = "ig"


@dataclass(frozen=True)
class Method:
    """A way to share a decision out among the tokens.

    Args:
        name: as it is asked for.
        title: as it is shown.
        run: it yields one result, or one a layer.
    """

    name: str
    title: str
    run: Run


_METHODS: Registry[Method] = Registry("method", "workbench.attribute.methods")
list_methods = _METHODS.names
find_method = _METHODS.__getitem__


def register_method(name: str, title: str) -> Callable[[Run], Run]:
    """Return a decorator that registers a method.

    Raises:
        InputError: the name is not lower-case or is taken.
    """

    keep = _METHODS.register(name)

    def register(run: Run) -> Run:
        keep(Method(name, title, run))
        return run

    return register
