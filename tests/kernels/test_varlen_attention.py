"""Attention over packed sequences: kernel and reference against float64, gradients, and the operator's contract."""

from __future__ import annotations

import pytest
import torch
from transformers.models.t5.modeling_t5 import T5Attention
from workbench_kernels import KernelRefusal, varlen_attention
from workbench_kernels.varlen import naive
from workbench_kernels.varlen.gradient import gradients
from workbench_kernels.varlen.kernel import attend

from tests.kernels.cases import assert_as_good, offsets_of

LENGTHS = (1, 17, 0, 63, 65)


def _inputs(kind: torch.dtype, width: int = 24, heads: int = 2, scale: float = 1.0) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [(scale * torch.randn(sum(LENGTHS), heads, width)).to(kind) for _ in range(3)]


def _table(heads: int = 2) -> torch.Tensor:
    return torch.randn(heads, 2 * 70 - 1)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("kind", "size"), [(torch.float32, 1.0), (torch.float16, 1.0), (torch.float32, 30.0)])
def test_the_kernel_is_as_good_as_pytorch(kind: torch.dtype, size: float, biased: bool) -> None:
    parts, table, offsets = _inputs(kind, scale=size), _table() if biased else None, offsets_of(LENGTHS)
    exact_table = None if table is None else table.double()
    exact = naive.varlen_attention(*(part.double() for part in parts), offsets, 0.3, exact_table)
    plain = naive.varlen_attention(*parts, offsets, 0.3, None if table is None else table.to(kind))
    found, _ = attend(*parts, offsets, 65, 0.3, table)
    assert_as_good(found, plain, exact)


def test_the_reference_attends_within_sequences_alone() -> None:
    query, key, value = _inputs(torch.float64)
    found = naive.varlen_attention(query, key, value, offsets_of(LENGTHS), 0.3)
    start = 0
    for length in LENGTHS:
        rows = slice(start, start + length)
        weights = (0.3 * torch.einsum("qhd,khd->hqk", query[rows], key[rows])).softmax(-1)
        torch.testing.assert_close(found[rows], torch.einsum("hqk,khd->qhd", weights, value[rows]))
        start += length


def test_a_table_of_distances_is_the_bias_of_t5() -> None:
    torch.manual_seed(0)
    from transformers import T5Config

    attention = T5Attention(T5Config(d_model=8, num_heads=2, d_kv=4), has_relative_attention_bias=True)
    distances = torch.arange(-69, 70)
    bucket = attention._relative_position_bucket(distances, bidirectional=True, num_buckets=32, max_distance=128)
    table = attention.relative_attention_bias(bucket).T
    torch.testing.assert_close(naive.spread(table, 20), attention.compute_bias(20, 20)[0])


@pytest.mark.parametrize("biased", [False, True])
def test_the_operators_gradients_are_those_of_autograd(biased: bool) -> None:
    parts, table = _inputs(torch.float64), _table().double() if biased else None
    exact = [part.clone().requires_grad_() for part in parts]
    naive.varlen_attention(*exact, offsets_of(LENGTHS), 0.3, table).cos().sum().backward()
    found = naive.gradients(
        -naive.varlen_attention(*parts, offsets_of(LENGTHS), 0.3, table).sin(), *parts, offsets_of(LENGTHS), 0.3, table
    )
    for one, leaf in zip(found, exact, strict=True):
        torch.testing.assert_close(one, leaf.grad)


@pytest.mark.parametrize("biased", [False, True])
def test_the_kernels_gradients_are_those_of_the_reference(biased: bool) -> None:
    parts, table, offsets = _inputs(torch.float32), _table() if biased else None, offsets_of(LENGTHS)
    upstream = torch.randn_like(parts[0])
    leaves = [part.double().requires_grad_() for part in parts]
    exact_table = None if table is None else table.double()
    again = naive.varlen_attention(*leaves, offsets, 0.3, exact_table)
    exact = torch.autograd.grad(again, leaves, upstream.double())
    out, sums = attend(*parts, offsets, 65, 0.3, table)
    for found, wanted in zip(gradients(upstream, *parts, out, sums, offsets, 65, 0.3, table), exact, strict=True):
        torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-5)


def test_slices_of_a_fused_projection_need_no_copy() -> None:
    torch.manual_seed(0)
    fused = torch.randn(sum(LENGTHS), 3, 2, 24)
    parts = fused.unbind(1)
    assert not parts[0].is_contiguous()
    found, _ = attend(*parts, offsets_of(LENGTHS), 65, 0.3)
    expected, _ = attend(*(part.contiguous() for part in parts), offsets_of(LENGTHS), 65, 0.3)
    assert torch.equal(found, expected)


def test_a_sequence_does_not_depend_on_its_neighbours() -> None:
    parts, offsets = _inputs(torch.float32), offsets_of(LENGTHS)
    together, _ = attend(*parts, offsets, 65, 0.3)
    alone, _ = attend(*(part[18:81] for part in parts), offsets_of([63]), 65, 0.3)
    assert torch.equal(together[18:81], alone)


def test_every_row_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    parts, offsets = _inputs(torch.float32), offsets_of(LENGTHS)
    monkeypatch.setattr(torch, "empty_like", lambda like, **_: torch.full(like.shape, float("nan"), dtype=like.dtype))
    found, _ = attend(*parts, offsets, 65, 0.3)
    assert found.isfinite().all()


@pytest.mark.parametrize("biased", [False, True])
def test_the_operator_keeps_pytorchs_contract(biased: bool) -> None:
    parts = [part.requires_grad_() for part in _inputs(torch.float32)]
    given = (*parts, offsets_of(LENGTHS), 65, 0.3, _table() if biased else None)
    torch.library.opcheck(torch.ops.workbench.varlen_attention.default, given)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": torch.zeros(2, 2, 24)}, "alike"),
        ({"value": torch.zeros(sum(LENGTHS), 2, 24, dtype=torch.float16)}, "one type"),
        ({"offsets": torch.zeros(3)}, "int32 offsets"),
        ({"table": torch.zeros(2, 9)}, "at least 129"),
    ],
)
def test_other_inputs_are_refused(change: dict[str, torch.Tensor], words: str) -> None:
    query, key, value = _inputs(torch.float32)
    given = {"query": query, "key": key, "value": value, "offsets": offsets_of(LENGTHS), "longest": 65, "scale": 1.0}
    with pytest.raises(KernelRefusal, match=words):
        varlen_attention(**given | change)


def test_bfloat16_is_refused_under_the_interpreter() -> None:
    with pytest.raises(KernelRefusal, match="bfloat16"):
        varlen_attention(*_inputs(torch.bfloat16), offsets_of(LENGTHS), 65, 1.0)
