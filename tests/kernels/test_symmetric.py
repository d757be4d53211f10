"""Symmetric attention: both ways of the kernel against float64, ranges, signs, and the operator's contract."""

from __future__ import annotations

import pytest
import torch
from workbench_kernels import KernelRefusal, symmetric_attention
from workbench_kernels.symmetric import naive
from workbench_kernels.symmetric.kernel import attend

from tests.kernels.cases import LENGTHS, assert_as_good, error, offsets_of

SCALE = 24**-0.5


def _inputs(kind: torch.dtype, size: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return (size * torch.randn(sum(LENGTHS), 2, 24)).to(kind), torch.randn(sum(LENGTHS), 2, 20).to(kind)


@pytest.mark.parametrize("widest", [0.0, 80.0])
@pytest.mark.parametrize(("kind", "size"), [(torch.float32, 0.5), (torch.float32, 3.0), (torch.float16, 0.5)])
def test_both_ways_are_as_good_as_pytorch(kind: torch.dtype, size: float, widest: float) -> None:
    query, value = _inputs(kind, size)
    exact = naive.symmetric_attention(query.double(), value.double(), offsets_of(), SCALE)
    plain = naive.symmetric_attention(query, value, offsets_of(), SCALE)
    assert_as_good(attend(query, value, offsets_of(), 65, SCALE, widest=widest), plain, exact)


def test_large_logits_leave_the_range_and_stay_right() -> None:
    query, value = _inputs(torch.float32, 15.0)
    _, (highest, lowest) = naive.ranges(query, offsets_of(), SCALE)
    assert float((highest - lowest).max()) > 80
    exact = naive.symmetric_attention(query.double(), value.double(), offsets_of(), SCALE)
    plain = naive.symmetric_attention(query, value, offsets_of(), SCALE)
    assert_as_good(attend(query, value, offsets_of(), 65, SCALE), plain, exact)


def test_without_the_fallback_large_logits_would_be_lost() -> None:
    query, value = _inputs(torch.float32, 15.0)
    exact = naive.symmetric_attention(query.double(), value.double(), offsets_of(), SCALE)
    found = attend(query, value, offsets_of(), 65, SCALE, widest=float("inf"))
    assert not error(found.nan_to_num(0), exact) < 1e-3


def test_ranges_are_those_of_each_sequence_and_head() -> None:
    query, _ = _inputs(torch.float32)
    halves, (highest, lowest) = naive.ranges(query, offsets_of(), SCALE)
    torch.testing.assert_close(halves, SCALE / 2 * query.square().sum(-1))
    torch.testing.assert_close(highest[1], halves[1:18].amax(0))
    torch.testing.assert_close(lowest[3], halves[18:81].amin(0))


def test_signs_turn_channels_around() -> None:
    query, value = _inputs(torch.float32, 2.0)
    signs = torch.ones(2, 24)
    signs[:, 1::2] = -1
    logits = SCALE * torch.einsum("qhd,khd->hqk", query[18:81] * signs, query[18:81])
    expected = torch.einsum("hqk,khd->qhd", logits.softmax(-1), value[18:81])
    found = attend(query, value, offsets_of(), 65, SCALE, signs)
    torch.testing.assert_close(found[18:81], expected, rtol=1e-4, atol=1e-5)


def test_weights_of_a_row_sum_to_one() -> None:
    query, value = _inputs(torch.float32)
    found = attend(query, torch.ones_like(value), offsets_of(), 65, SCALE)
    torch.testing.assert_close(found, torch.ones_like(value))


def test_the_operator_keeps_pytorchs_contract() -> None:
    given = (*_inputs(torch.float32), offsets_of(), 65, SCALE, torch.ones(2, 24))
    torch.library.opcheck(torch.ops.workbench.symmetric_attention.default, given)


def test_training_and_other_inputs_are_refused() -> None:
    query, value = _inputs(torch.float32)
    with pytest.raises(KernelRefusal, match="inference"):
        symmetric_attention(query.requires_grad_(), value, offsets_of(), 65, SCALE)
    with pytest.raises(KernelRefusal, match="scale above 0"):
        symmetric_attention(query.detach(), value, offsets_of(), 65, -1.0)
    with pytest.raises(KernelRefusal, match="as many heads"):
        symmetric_attention(query.detach(), value[:, :1], offsets_of(), 65, SCALE)
