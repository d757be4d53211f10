"""What went wrong with a message or a job, as a panel shows it."""

from __future__ import annotations

from typing import Any

from workbench.runs.failure import describe_error
from workbench.ui.protocol import ProtocolError


def describe_failure(error: BaseException) -> dict[str, Any]:
    """Return an error as the `error` of the protocol: type, message, hint and details."""
    described = describe_error(error)
    if not isinstance(error, ProtocolError):
        return described
    hint = "The panel and the kernel's package differ in version: update the older one and reload the page."
    return {**described, "type": "protocol", "message": str(error), "hint": hint}
