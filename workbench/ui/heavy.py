"""Import torch, diffusers and what needs them in one place, so that no two threads meet halfway in an import."""

from __future__ import annotations

from importlib import import_module
from threading import Lock

_LOCK = Lock()


def load_heavy_modules() -> None:
    """Import the modules that take seconds; to be called before work on any thread but the kernel's own."""
    with _LOCK:
        import_module("workbench.localize.localize")
