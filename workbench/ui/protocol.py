"""The messages between a panel and the kernel, checked against `protocol.json`, the schema of both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

# Not `jsonschema`: importing it takes two seconds of a kernel's start, for formats that no message uses.
import fastjsonschema

SCHEMA: Final[dict[str, Any]] = json.loads(Path(__file__).with_name("protocol.json").read_text(encoding="utf-8"))
VERSION: Final[int] = SCHEMA["version"]
Kind = Literal["request", "reply", "event"]
Buffers = Sequence[bytes | bytearray | memoryview]


class ProtocolError(ValueError):
    """A message that breaks the protocol: a mistake of the program that sent it, not of its user."""


@dataclass(frozen=True)
class Message:
    """One message; binary data travels beside it.

    Args:
        kind: `request`, `reply` or `event`.
        name: of the request, which its reply repeats, or of the event.
        payload: plain data as `protocol.json` says for that name.
        id: of the request, which its reply repeats; empty for events.
        buffers: binary data, such as PNG images.
        error: of a reply whose request failed.
    """

    kind: Kind
    name: str
    payload: dict[str, Any]
    id: str = ""
    buffers: Buffers = ()
    error: dict[str, Any] | None = None

    def envelope(self) -> dict[str, Any]:
        """Return the message without its buffers as plain data."""
        error = {} if self.error is None else {"error": self.error}
        return {"v": VERSION, "kind": self.kind, "id": self.id, "name": self.name, "payload": self.payload, **error}

    def check(self) -> None:
        """Check the payload against the schema of its name.

        Raises:
            ProtocolError: an unknown name, or a payload of another shape.
        """
        if self.kind == "event":
            _check(("events", self.name), self.payload)
        elif self.error is None:
            _check(("requests", self.name, "payload" if self.kind == "request" else "reply"), self.payload)


def read_message(content: Any, buffers: Buffers = ()) -> Message:
    """Return the message of an envelope, checked.

    Raises:
        ProtocolError: no envelope of this version, an unknown name, or a payload of another shape.
    """
    _check(("envelope",), content)
    if content["v"] != VERSION:
        raise ProtocolError(f"expected version {VERSION} of the protocol; got {content['v']}")
    fields = {name: content.get(name) for name in ("kind", "name", "payload", "id", "error")}
    message = Message(**fields, buffers=buffers)  # type: ignore[arg-type]
    message.check()
    return message


def check_shape(name: str, data: Any) -> None:
    """Check plain data against a shape of the schema's `$defs`, such as `patching_setup`.

    Raises:
        ProtocolError: data of another shape.
    """
    _check(("$defs", name), data)


def _check(path: tuple[str, ...], data: Any) -> None:
    try:
        _validator(path)(data)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ProtocolError(f"{'.'.join(path)}: {error.message}") from error


@cache
def _validator(path: tuple[str, ...]) -> Callable[[Any], Any]:
    part: Any = SCHEMA
    for name in path:
        if name not in part:
            raise ProtocolError(f"expected one of {sorted(part)}; got {name!r}")
        part = part[name]
    check: Callable[[Any], Any] = fastjsonschema.compile({**part, "$defs": SCHEMA["$defs"]}, use_default=False)
    return check
