"""A whole network in one launch: both kernels against float64, and the zoo's own networks."""

from __future__ import annotations

import pytest
import torch
from workbench_kernels import KernelRefusal, minimal_network
from workbench_kernels.minimal import naive
from workbench_kernels.minimal.kernel import run

from tests.kernels.cases import assert_as_good, offsets_of
from workbench.attention.surgery import operate
from workbench.errors import RefusedError
from workbench.zoo.fuse import fuse_minimal
from workbench.zoo.shape import Shape
from workbench.zoo.systems.vision.minimal import MinimalTransformer

SHORT, LONG = (17, 0, 5, 17, 3, 1, 16), (65, 0, 70, 3)
LAYERS, WIDTH = 3, 20


def _weights(kind: torch.dtype, norms: int = 2) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = ((LAYERS, WIDTH, WIDTH), (LAYERS, WIDTH), (LAYERS, WIDTH, WIDTH), (LAYERS, WIDTH))
    parts = [torch.randn(shape) / WIDTH**0.5 for shape in shapes]
    parts.append(torch.stack([1 + 0.1 * torch.randn(LAYERS, norms, WIDTH), 0.1 * torch.randn(LAYERS, norms, WIDTH)], 2))
    return [part.to(kind) for part in parts]


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("lengths", [SHORT, LONG, (64,), (1, 1, 1)])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_the_kernels_are_as_good_as_pytorch(kind: torch.dtype, lengths: tuple[int, ...], mapped: bool) -> None:
    rows, (forms, columns, maps, shifts, norms) = torch.randn(sum(lengths), WIDTH).to(kind), _weights(kind)
    more = (maps, shifts) if mapped else (None, None)
    exact_more = tuple(None if one is None else one.double() for one in more)
    offsets = offsets_of(lengths)
    exact = naive.minimal_network(
        rows.double(), forms.double(), columns.double(), *exact_more, norms.double(), 1e-5, offsets
    )
    plain = naive.minimal_network(rows, forms, columns, *more, norms, 1e-5, offsets)
    found = run(rows, forms, columns, *more, norms, 1e-5, offsets, max(lengths))
    assert_as_good(found, plain, exact)


def test_networks_without_norms_stay_finite_beyond_the_last_token() -> None:
    forms, columns, maps, shifts, norms = _weights(torch.float32, norms=0)
    rows, offsets = torch.randn(sum(SHORT), WIDTH), offsets_of(SHORT)
    exact = naive.minimal_network(*(one.double() for one in (rows, forms, columns, maps, shifts, norms)), 1e-5, offsets)
    plain = naive.minimal_network(rows, forms, columns, maps, shifts, norms, 1e-5, offsets)
    assert_as_good(run(rows, forms, columns, maps, shifts, norms, 1e-5, offsets, 17), plain, exact)


def test_sequences_that_share_a_tile_do_not_see_each_other() -> None:
    rows, (forms, columns, maps, shifts, norms) = torch.randn(sum(SHORT), WIDTH), _weights(torch.float32)
    together = run(rows, forms, columns, maps, shifts, norms, 1e-5, offsets_of(SHORT), 17)
    alone = run(rows[22:39], forms, columns, maps, shifts, norms, 1e-5, offsets_of([17]), 17)
    torch.testing.assert_close(together[22:39], alone)


@pytest.mark.parametrize(
    "variant",
    ["no_mlp", "collapsed_qk+no_vo+no_mlp", "symmetric+no_mlp", "symmetric_signed+no_vo+no_mlp", "collapsed_vo+no_mlp"],
)
@torch.no_grad()
def test_networks_of_the_zoo_are_of_this_form(variant: str) -> None:
    model = _network(variant, heads=1)
    fused, images = fuse_minimal(model), torch.randn(5, 1, 16, 16)
    torch.testing.assert_close(fused(images), model(images), rtol=1e-4, atol=1e-5)
    assert (fused.layers.maps is None) == ("no_vo" in variant)


def test_networks_of_another_form_are_refused() -> None:
    with pytest.raises(RefusedError, match="one head"):
        fuse_minimal(_network("no_mlp", heads=4))
    with pytest.raises(RefusedError, match="without MLPs"):
        fuse_minimal(_network("collapsed_qk", heads=1))


def _network(variant: str, heads: int) -> MinimalTransformer:
    torch.manual_seed(0)
    shape = Shape("image", 3, channels=1, size=16)
    model = MinimalTransformer(shape, patch=4, width=16, layers=2, heads=heads).eval()
    paths = [f"blocks.{layer}" for layer in range(2)]
    operate(model, variant, [f"{path}.attention" for path in paths], [f"{path}.mlp" for path in paths])
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model


def test_the_operator_keeps_pytorchs_contract() -> None:
    forms, columns, maps, shifts, norms = _weights(torch.float32)
    given = (torch.randn(sum(SHORT), WIDTH), forms, columns, maps, shifts, norms, 1e-5, offsets_of(SHORT), 17)
    torch.library.opcheck(torch.ops.workbench.minimal_network.default, given)


def test_other_inputs_are_refused() -> None:
    forms, columns, _, _, norms = _weights(torch.float32)
    rows, offsets = torch.randn(sum(SHORT), WIDTH), offsets_of(SHORT)
    with pytest.raises(KernelRefusal, match="at most 128 channels and 256 tokens"):
        minimal_network(rows, forms, columns, norms, offsets, 300)
    with pytest.raises(KernelRefusal, match="weights of 3 layers"):
        minimal_network(rows, forms, columns[:, :4], norms, offsets, 17)
    with pytest.raises(KernelRefusal, match="inference"):
        minimal_network(rows.requires_grad_(), forms, columns, norms, offsets, 17)
