"""Fused inference kernels for small and padding-free attention: Triton on a GPU, readable PyTorch elsewhere.

One folder an operation: `naive.py` is the reference and the path of a CPU, `kernel.py` the Triton kernel, `op.py` the
operator that picks one of them by the device of its inputs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "KernelRefusal": "backend",
    "MinimalNetwork": "minimal.module",
    "Packed": "packed",
    "causal_convolution": "convolution.op",
    "collapsed_attention": "collapsed.op",
    "minimal_network": "minimal.op",
    "pack": "packed",
    "pack_encoder": "encoder.open",
    "pool_mixer": "pooling.op",
    "status": "backend",
    "symmetric_attention": "symmetric.op",
    "unpack": "packed",
    "varlen_attention": "varlen.op",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'workbench_kernels' has no attribute {name!r}")
    return getattr(import_module(f"workbench_kernels.{_WHERE[name]}"), name)
