"""Why something failed, as the store keeps it and a panel shows it: what was expected, what arrived, what to do."""

from __future__ import annotations

import traceback
from typing import Any, Final

from workbench.errors import InputError, RefusedError, is_out_of_memory

LONGEST_MESSAGE: Final = 2_000
LONGEST_DETAILS: Final = 20_000


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return an error as plain data: `type`, `message`, `hint`, and its traceback as `details`."""
    if isinstance(error, InputError):
        kind = "refused" if isinstance(error, RefusedError) else "input"
        message, hint = f"Expected {error.expected}; got {error.got}.", _sentence(error.do)
    elif is_out_of_memory(error):
        kind, message = "memory", f"Out of memory: {error}"
        hint = "Choose a smaller model or fewer rows, or free memory in other notebooks. What was done is kept."
    else:
        kind, message = "failed", f"{type(error).__name__}: {error}"
        hint = "What was done is kept. Copy the details if you report this."
    details = _shortened("".join(traceback.format_exception(error)), LONGEST_DETAILS)
    return {"type": kind, "message": _shortened(message, LONGEST_MESSAGE), "hint": hint, "details": details}


def _shortened(text: str, longest: int) -> str:
    """Leave out the middle of a long text: it begins with where it happened and ends with what."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} … {text[-half:]}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")
