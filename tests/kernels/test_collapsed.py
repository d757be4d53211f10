"""Collapsed attention: kernel and reference against float64 and against the attention that it comes from."""

from __future__ import annotations

import pytest
import torch
from workbench_kernels import KernelRefusal, collapsed_attention
from workbench_kernels.collapsed import kernel, naive

from tests.kernels.cases import LENGTHS, assert_as_good, offsets_of
from workbench.attention.factored import new_attention
from workbench.attention.surgery import operate


def _inputs(kind: torch.dtype, width: int = 40, size: float = 1.0) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = ((sum(LENGTHS), width), (width, width), (width,))
    parts = [torch.randn(shape) for shape in shapes]
    parts[1] *= size / width
    return [part.to(kind) for part in parts]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("kind", "size"), [(torch.float32, 1.0), (torch.float32, 30.0), (torch.float16, 1.0)])
def test_the_kernel_is_as_good_as_pytorch(
    kind: torch.dtype, size: float, fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "FUSED_WIDTH", 128 if fused else 16)
    rows, form, column = _inputs(kind, size=size)
    exact = naive.collapsed_attention(rows.double(), form.double(), column.double(), offsets_of())
    plain = naive.collapsed_attention(rows, form, column, offsets_of())
    assert_as_good(kernel.attend(rows, form, column, offsets_of(), 65), plain, exact)


def test_it_is_the_attention_with_projections_multiplied_out() -> None:
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"attention": new_attention(16, 1).double()})
    operate(model, "collapsed_qk+no_vo", ["attention"], [])
    x = torch.randn(1, 9, 16, dtype=torch.double)
    scores = model["attention"].scores
    with torch.no_grad():
        found = naive.collapsed_attention(x[0], scores.form[0], scores.column[0], offsets_of([9]))
        torch.testing.assert_close(found, model["attention"](x)[0])


def test_a_sequence_does_not_depend_on_its_neighbours() -> None:
    rows, form, column = _inputs(torch.float32)
    together = kernel.attend(rows, form, column, offsets_of(), 65)
    alone = kernel.attend(rows[18:81], form, column, offsets_of([63]), 65)
    assert torch.equal(together[18:81], alone)


def test_the_operator_keeps_pytorchs_contract() -> None:
    rows, form, column = _inputs(torch.float32)
    torch.library.opcheck(torch.ops.workbench.collapsed_attention.default, (rows, form, column, offsets_of(), 65))


def test_training_and_other_inputs_are_refused() -> None:
    rows, form, column = _inputs(torch.float32)
    with pytest.raises(KernelRefusal, match="inference"):
        collapsed_attention(rows.requires_grad_(), form, column, offsets_of(), 65)
    with pytest.raises(KernelRefusal, match="one type"):
        collapsed_attention(rows.detach(), form.half(), column, offsets_of(), 65)
    with pytest.raises(KernelRefusal, match="a form"):
        collapsed_attention(rows.detach(), form[:, :3], column, offsets_of(), 65)
