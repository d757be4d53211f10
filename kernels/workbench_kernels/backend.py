"""Which kernels can run here, and what they refuse."""

from __future__ import annotations

import importlib.util
import os
from typing import Any, Final

import torch

FLOATS: Final = (torch.float32, torch.float16, torch.bfloat16)
# tl.dot takes no side below this.
SMALLEST_TILE: Final = 16


class KernelRefusal(ValueError):
    """Inputs that an operation does not take; the message says what was expected, what arrived and what to do."""

    def __init__(self, expected: str, got: str, do: str) -> None:
        super().__init__(f"expected {expected}; got {got}; {do}")


def has_triton() -> bool:
    """Tell whether Triton is installed."""
    return importlib.util.find_spec("triton") is not None


def interpreted() -> bool:
    """Tell whether Triton kernels run under its interpreter, on a CPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def status() -> dict[str, Any]:
    """Return what runs here: `path` is `triton` or `reference`, with the reason and the versions behind it."""
    found: dict[str, Any] = {"torch": torch.__version__, "triton": None, "device": None}
    if has_triton():
        found["triton"] = importlib.import_module("triton").__version__
    if torch.cuda.is_available():
        found["device"] = torch.cuda.get_device_name()
    missing = [name for name, key in (("CUDA device", "device"), ("Triton", "triton")) if found[key] is None]
    reason = f"no {' and no '.join(missing)}" if missing else "a CUDA device and Triton"
    return found | {"path": "reference" if missing else "triton", "reason": reason}


def check_floats(**tensors: torch.Tensor | None) -> None:
    """Refuse types that the kernels do not compute with, or do not compute with under the interpreter.

    Raises:
        KernelRefusal: mixed or other types; bfloat16 under the interpreter, whose products of it are wrong.
    """
    given = {name: tensor.dtype for name, tensor in tensors.items() if tensor is not None}
    if len(set(given.values())) > 1:
        raise KernelRefusal("inputs of one type", str(given), "cast them to the same type")
    (kind,) = set(given.values())
    if kind not in FLOATS:
        raise KernelRefusal(f"inputs of a type out of {FLOATS}", str(kind), "cast them, or use the reference")
    if interpreted() and kind == torch.bfloat16:
        raise KernelRefusal(
            "float32 or float16 under Triton's interpreter", "bfloat16, which it multiplies wrongly", "cast to float32"
        )


def tile_of(width: int) -> int:
    """Return the smallest tile side that holds a width."""
    return max(SMALLEST_TILE, 1 << (width - 1).bit_length())
