"""What went wrong, as a panel shows it: what was expected, what arrived, what to do."""

from __future__ import annotations

import traceback
from typing import Any

from workbench.errors import InputError, RefusedError
from workbench.ui.protocol import ProtocolError


def describe_failure(error: BaseException) -> dict[str, Any]:
    """Return an error as the `error` of the protocol: type, message, hint and details."""
    if isinstance(error, InputError):
        kind = "refused" if isinstance(error, RefusedError) else "input"
        message, hint = f"Expected {error.expected}; got {error.got}.", _sentence(error.do)
    elif isinstance(error, ProtocolError):
        kind, message = "protocol", str(error)
        hint = "The panel and the kernel's package differ in version: update the older one and reload the page."
    elif _is_out_of_memory(error):
        kind, message = "memory", f"Out of memory: {error}"
        hint = "Choose a smaller model or fewer rows, or free memory in other notebooks. What was done is kept."
    else:
        kind, message = "failed", f"{type(error).__name__}: {error}"
        hint = "What was done is kept. Copy the details if you report this."
    details = "".join(traceback.format_exception(error))
    return {"type": kind, "message": message, "hint": hint, "details": details}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


def _is_out_of_memory(error: BaseException) -> bool:
    # By name, since torch must not be imported for it; on the CPU it raises a plain RuntimeError.
    return type(error).__name__ in ("MemoryError", "OutOfMemoryError") or "not enough memory" in str(error)
