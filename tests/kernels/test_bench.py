"""The benchmark compares like with like: every contender that runs on a CPU gives the same numbers as ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import workbench_kernels
from workbench_kernels import KernelRefusal
from workbench_kernels.bench.case import mixed
from workbench_kernels.bench.run import OPERATIONS, difference, list_cases


@pytest.mark.parametrize("operation", OPERATIONS)
@torch.no_grad()
def test_contenders_agree(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function: function)
    cases = list(list_cases((operation,), "cpu", small=True))
    assert cases
    for case in cases:
        assert len(case.contenders) >= 2
        assert difference(case) < 1e-4
        assert case.flops > 0 < case.bytes_moved


def test_mixed_lengths_are_as_long_as_stated() -> None:
    packed = mixed(2000, 100, "cpu")
    assert packed.longest == 100
    assert float(packed.offsets.diff().double().mean()) == pytest.approx(60, abs=2)


def test_unknown_operations_are_refused() -> None:
    with pytest.raises(KernelRefusal, match="an operation out of"):
        list(list_cases(("other",), "cpu"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device, so the benchmark would run")
def test_without_a_device_it_says_so() -> None:
    command = [sys.executable, "-m", "workbench_kernels.bench", "--all"]
    folder = str(Path(workbench_kernels.__file__).parents[1])
    found = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": folder}, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert "expected a CUDA device" in found.stderr
