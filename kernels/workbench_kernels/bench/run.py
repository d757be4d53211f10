"""Time the contenders of a case alike: cold and warm, in turn, as medians; and state how near the hardware's floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib import import_module
from statistics import median
from typing import Any, Final

import torch

from workbench_kernels.backend import KernelRefusal
from workbench_kernels.bench.case import OURS, Case, Work

OPERATIONS: Final = ("minimal", "collapsed", "symmetric", "encoder", "varlen")
ROUNDS: Final = 3
# Of bfloat16 results against those of PyTorch in the same type.
AGREES: Final = 3e-2


@dataclass(frozen=True)
class Row:
    """The figures of a case.

    Args:
        operation, shape, goal, missing: as in `Case`.
        cold, warm: median microseconds of each contender with an empty cache, and replayed as a CUDA graph.
        best: fastest of the others when warm.
        ratio: its time over ours.
        met: whether that reaches the goal.
        floor: microseconds that the measured peaks allow, max(flops / peak, bytes / bandwidth).
        percent_of_floor: floor over our warm time.
        error: largest relative difference between ours and another.
    """

    operation: str
    shape: str
    goal: float
    cold: dict[str, float]
    warm: dict[str, float]
    best: str
    ratio: float
    met: bool
    floor: float
    percent_of_floor: float
    error: float
    missing: dict[str, str] = field(default_factory=dict)


def list_cases(operations: tuple[str, ...], device: str, *, small: bool = False) -> Iterator[Case]:
    """Yield the cases of operations, one at a time, so that only one lies in memory.

    Raises:
        KernelRefusal: no such operation.
    """
    for name in operations:
        if name not in OPERATIONS:
            raise KernelRefusal(f"an operation out of {OPERATIONS}", repr(name), "choose one of these")
    for name in operations:
        yield from import_module(f"workbench_kernels.{name}.benchmark").cases(device, small)


def difference(case: Case) -> float:
    """Return the largest relative difference between the result of ours and of another."""
    ours = case.contenders[OURS]().double()
    others = [work().double() for name, work in case.contenders.items() if name != OURS]
    return max((float((ours - other).norm() / other.norm()) for other in others), default=0.0)


@torch.no_grad()
def measure(case: Case, peaks: dict[str, float]) -> Row:
    """Time a case on a CUDA device.

    Raises:
        RuntimeError: ours does not agree with the others, so that times would mean nothing.
    """
    error = difference(case)
    if error > AGREES:
        raise RuntimeError(f"{case.operation}, {case.shape}: results differ by {error:.1e}")
    cold: dict[str, list[float]] = {name: [] for name in case.contenders}
    warm: dict[str, list[float]] = {name: [] for name in case.contenders}
    for _ in range(ROUNDS):
        for name, work in case.contenders.items():
            cold[name].append(_cold(work))
            warm[name].append(_warm(work))
    medians = {name: median(times) for name, times in warm.items()}
    best = min((name for name in medians if name != OURS), key=lambda name: medians[name])
    floor = 1e6 * max(case.flops / peaks["flops"], case.bytes_moved / peaks["bytes"])
    ratio = medians[best] / medians[OURS]
    return Row(
        case.operation,
        case.shape,
        case.goal,
        {name: median(times) for name, times in cold.items()},
        medians,
        best,
        ratio,
        ratio >= case.goal,
        floor,
        100 * floor / medians[OURS],
        error,
        case.missing,
    )


def _cold(work: Work) -> float:
    from triton.testing import do_bench

    return 1000 * float(do_bench(work, warmup=5, rep=25, return_mode="median"))


def _warm(work: Work) -> float:
    from triton.testing import do_bench_cudagraph

    try:
        return 1000 * float(do_bench_cudagraph(work, rep=20, return_mode="median"))
    except RuntimeError:
        # What cannot be captured runs as it is; its launches count.
        torch.cuda.synchronize()
        return _cold(work)


@torch.no_grad()
def measure_peaks() -> dict[str, float]:
    """Return floating point operations and bytes a second that this device reaches, on random data."""
    side, size = 8192, 2**28
    left, right = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    source = torch.randn(size, device="cuda", dtype=torch.bfloat16)
    target = torch.empty_like(source)
    product, copy = _cold(lambda: left @ right), _cold(lambda: target.copy_(source))
    return {"flops": 2 * side**3 / (product * 1e-6), "bytes": 4 * size / (copy * 1e-6)}


def run(operations: tuple[str, ...]) -> dict[str, Any]:
    """Measure all cases of operations on this machine's CUDA device.

    Raises:
        KernelRefusal: there is none.
    """
    if not torch.cuda.is_available():
        raise KernelRefusal("a CUDA device", "none", "run this where there is one")
    peaks = measure_peaks()
    rows = [asdict(measure(case, peaks)) for case in list_cases(operations, "cuda")]
    return {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "peaks": peaks, "rows": rows}
