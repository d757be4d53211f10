"""The one registry pattern: a room adds its readers, detectors, methods and so on by name, one file each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

from workbench.errors import InputError

Entry = TypeVar("Entry")
Some = TypeVar("Some", bound=Any)


class Registry(Generic[Entry]):
    """Things of one kind by name.

    Args:
        what: what one of them is called in messages, such as `reader`.
        package: package whose modules register them; it is imported when a name is first asked for.
    """

    def __init__(self, what: str, package: str | None = None) -> None:
        self.what, self.package = what, package
        self._entries: dict[str, Entry] = {}

    def register(self, *names: str) -> Callable[[Some], Some]:
        """Return a decorator that registers what it decorates under these names.

        Raises:
            InputError: a name is not lower-case or is taken.
        """
        for name in names:
            if name != name.lower() or name in self._entries:
                raise InputError(
                    f"a lower-case {self.what} name not in {sorted(self._entries)}", repr(name), "choose another"
                )

        def keep(some: Some) -> Some:
            self._entries.update(dict.fromkeys(names, some))
            return some

        return keep

    def names(self) -> list[str]:
        """Return the registered names in alphabetical order."""
        if self.package is not None:
            import_module(self.package)
        return sorted(self._entries)

    def __getitem__(self, name: str) -> Entry:
        """Return what is registered under a name.

        Raises:
            InputError: nothing is.
        """
        if name not in self.names():
            raise InputError(f"a {self.what} out of {self.names()}", repr(name), "choose one of these")
        return self._entries[name]
