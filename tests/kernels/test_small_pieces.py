"""The convolution behind Primer's projections and PoolFormer's mixer, against PyTorch and the zoo."""

from __future__ import annotations

import pytest
import torch
from timm.models.metaformer import Pooling
from workbench_kernels import KernelRefusal, causal_convolution, pool_mixer
from workbench_kernels.convolution import kernel as convolution_kernel
from workbench_kernels.convolution import naive as convolution_naive
from workbench_kernels.pooling import kernel as pooling_kernel
from workbench_kernels.pooling import naive as pooling_naive

from tests.kernels.cases import LENGTHS, assert_as_good, offsets_of
from workbench.zoo.systems.language.primer import CausalConvolution


@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_the_convolutions_kernel_is_as_good_as_pytorch(kind: torch.dtype) -> None:
    torch.manual_seed(0)
    rows, taps = torch.randn(sum(LENGTHS), 70).to(kind), torch.randn(3, 70).to(kind)
    exact = convolution_naive.causal_convolution(rows.double(), taps.double(), offsets_of())
    plain = convolution_naive.causal_convolution(rows, taps, offsets_of())
    assert_as_good(convolution_kernel.convolve(rows, taps, offsets_of(), 65), plain, exact)


@torch.no_grad()
def test_it_is_primers_within_each_sequence() -> None:
    torch.manual_seed(0)
    convolution = CausalConvolution(2, 5)
    torch.nn.init.normal_(convolution.taps)
    rows = torch.randn(sum(LENGTHS), 10)
    taps = convolution.taps.permute(0, 2, 1, 3).reshape(3, 10)
    found, start = causal_convolution(rows, taps, offsets_of(), 65), 0
    for length in LENGTHS:
        own = rows[start : start + length].unflatten(1, (2, 5)).transpose(0, 1)[None]
        expected = convolution(own)[0].transpose(0, 1).flatten(1)
        torch.testing.assert_close(found[start : start + length], expected)
        start += length


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 1, 1, 1), (1, 2, 17, 17)])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_the_pooling_kernel_is_as_good_as_pytorch(kind: torch.dtype, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    images = torch.randn(shape).to(kind)
    exact, plain = pooling_naive.pool_mixer(images.double()), pooling_naive.pool_mixer(images)
    found = pooling_kernel.mix(images)
    if shape == (1, 1, 1, 1):
        assert not found.any()
    else:
        assert_as_good(found, plain, exact)


def test_it_is_the_mixer_of_timm() -> None:
    images = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(pool_mixer(images), Pooling()(images))


def test_the_operators_keep_pytorchs_contract() -> None:
    given = (torch.randn(sum(LENGTHS), 10), torch.randn(3, 10), offsets_of(), 65)
    torch.library.opcheck(torch.ops.workbench.causal_convolution.default, given)
    torch.library.opcheck(torch.ops.workbench.pool_mixer.default, (torch.randn(1, 2, 4, 4),))


def test_other_inputs_are_refused() -> None:
    with pytest.raises(KernelRefusal, match="taps"):
        causal_convolution(torch.randn(4, 3), torch.randn(3, 2), offsets_of([4]), 4)
    with pytest.raises(KernelRefusal, match="images"):
        pool_mixer(torch.randn(3, 4, 4))
    with pytest.raises(KernelRefusal, match="inference"):
        pool_mixer(torch.randn(1, 3, 4, 4, requires_grad=True))
