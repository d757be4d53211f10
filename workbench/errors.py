"""The one error type for bad input: it says what was expected, what arrived and what to do."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input from the user; the command line prints its message and exits with code 2."""

    def __init__(self, expected: str, got: str, do: str) -> None:
        super().__init__(f"expected {expected}; got {got}; {do}")
        self.expected, self.got, self.do = expected, got, do


class RefusedError(InputError):
    """A model or a site that cannot be worked on this way; the message names the reason and what works."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell memory that ran out from other failures."""
    # By name, since torch must not be imported for it; on the CPU it raises a plain RuntimeError.
    return type(error).__name__ in ("MemoryError", "OutOfMemoryError") or "not enough memory" in str(error)
