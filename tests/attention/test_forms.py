"""What each form keeps, costs and refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from workbench.attention.attention import Attention, causal_bias
from workbench.attention.factored import FactoredScores, FactoredValues, new_attention
from workbench.attention.form import Mode, Request, find_form, list_forms
from workbench.attention.reform import reform
from workbench.attention.weights import factored_scores, factored_values, score_weights
from workbench.errors import InputError, RefusedError

WIDTH = 16
SHAPES = {
    "one head": {"heads": 1},
    "four heads": {"heads": 4},
    "no biases": {"heads": 4, "bias": False},
    "grouped": {"heads": 4, "key_heads": 2},
    "wide heads": {"heads": 2, "head_width": 12},
    "unscaled": {"heads": 4, "scale": 1.0},
}
CONVERT = Request("convert")


def made(**shape: Any) -> Attention:
    torch.manual_seed(0)
    attention = new_attention(WIDTH, **shape).double()
    for parameter in attention.parameters():
        nn.init.normal_(parameter, std=0.4)
    return attention


def tokens(count: int = 6) -> torch.Tensor:
    return torch.randn(2, count, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def logits(attention: Attention, x: torch.Tensor) -> torch.Tensor:
    """Logits without what is constant in a row, which softmax does not see."""
    found = attention.scores(x, x, None)
    return found - found.mean(-1, keepdim=True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["scratch", "convert"])
def test_exact_forms_keep_the_function(shape: str, mode: Mode) -> None:
    attention, x = made(**SHAPES[shape]), tokens()
    expected = attention(x, bias=causal_bias(6))
    for variant in ("collapsed_qk", "collapsed_vo", "collapsed_qk+collapsed_vo"):
        changed = reform(copy.deepcopy(attention), variant, Request(mode))
        torch.testing.assert_close(changed(x, bias=causal_bias(6)), expected, rtol=1e-10, atol=1e-10)


def test_exact_forms_keep_cross_attention() -> None:
    attention, x, context = made(heads=4, context_width=10), tokens(), torch.randn(2, 5, 10, dtype=torch.float64)
    changed = reform(copy.deepcopy(attention), "collapsed_qk+collapsed_vo", CONVERT)
    torch.testing.assert_close(changed(x, context), attention(x, context), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("form", [name for name in list_forms() if find_form(name).part == "scores"])
def test_no_form_sees_what_is_hidden(form: str) -> None:
    attention, x = reform(made(heads=4), form), tokens()
    later = x.clone()
    later[:, 4:] += 1
    bias = causal_bias(6)
    torch.testing.assert_close(attention(x, bias=bias)[:, :4], attention(later, bias=bias)[:, :4])
    assert not torch.equal(attention(x, bias=bias)[:, 4:], attention(later, bias=bias)[:, 4:])


@pytest.mark.parametrize("form", ["symmetric", "symmetric_signed", "symmetric_cholesky"])
@pytest.mark.parametrize("rotated", [False, True])
def test_symmetric_forms_are_symmetric(form: str, rotated: bool) -> None:
    attention, x = reform(made(heads=4), form), tokens()
    angles = torch.arange(6, dtype=torch.float64)[:, None] * torch.tensor([1.0, 0.1], dtype=torch.float64)

    def rotate(states: torch.Tensor) -> torch.Tensor:
        first, second = states.chunk(2, dim=-1)
        return torch.cat(
            [first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()], -1
        )

    found = attention.scores(x, x, rotate if rotated else None)
    torch.testing.assert_close(found, found.transpose(-1, -2))


def test_signed_conversion_is_the_symmetric_part() -> None:
    attention, x = made(heads=4), tokens()
    form, column = score_weights(attention).form, score_weights(attention).column
    symmetric = (form + form.transpose(-1, -2)) / 2
    expected = torch.einsum("bnd,hde,bme->bhnm", x, symmetric, x) + (column @ x.transpose(-1, -2))[:, :, None]
    changed = reform(copy.deepcopy(attention), "symmetric_signed", Request("convert", rank=8))
    torch.testing.assert_close(changed.scores(x, x, None), expected, rtol=1e-9, atol=1e-9)


def test_signed_conversion_is_nearer_than_semi_definite_at_the_same_rank() -> None:
    attention, x = made(heads=4, bias=False), tokens(64)
    target = logits(attention, x)
    errors = {
        form: (logits(reform(copy.deepcopy(attention), form, CONVERT), x) - target).norm()
        for form in ("symmetric", "symmetric_signed")
    }
    assert errors["symmetric_signed"] < errors["symmetric"]


def test_conversion_of_a_semi_definite_head_is_exact() -> None:
    attention, x = made(heads=4, bias=False), tokens()
    assert isinstance(attention.scores, FactoredScores)
    attention.scores.key.weight.data = attention.scores.query.weight.data.clone()
    changed = reform(copy.deepcopy(attention), "symmetric", CONVERT)
    torch.testing.assert_close(changed(x), attention(x), rtol=1e-9, atol=1e-9)


def test_cholesky_conversion_of_a_semi_definite_head_is_exact() -> None:
    attention, x = made(heads=1, bias=False), tokens()
    assert isinstance(attention.scores, FactoredScores)
    attention.scores.key.weight.data = attention.scores.query.weight.data.clone()
    changed = reform(copy.deepcopy(attention), "symmetric_cholesky", CONVERT)
    torch.testing.assert_close(changed(x), attention(x), rtol=1e-9, atol=1e-9)


def test_cutting_to_the_full_rank_is_exact() -> None:
    attention, x = made(heads=4), tokens()
    changed = reform(copy.deepcopy(attention), "low_rank_qk", Request("convert", rank=4))
    torch.testing.assert_close(changed(x), attention(x), rtol=1e-9, atol=1e-9)


def test_a_token_does_not_see_itself_alone_at_the_start() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 64, 128)
    naive, controlled = new_attention(128, 2), new_attention(128, 2)
    for attention in (naive, controlled):
        nn.init.normal_(factored_scores(attention).query.weight, std=128**-0.5)
    naive.scores.key = naive.scores.query
    reform(controlled, "symmetric")

    @torch.no_grad()
    def self_weight(attention: Attention) -> float:
        return float(attention.scores(x, x, None).softmax(-1).diagonal(dim1=-2, dim2=-1).mean())

    assert self_weight(naive) > 0.5
    assert self_weight(controlled) < 0.1


def test_controls() -> None:
    attention, x = made(heads=4), tokens()
    assert isinstance(attention.values, FactoredValues)
    alone = attention.values.output(attention.values.value(x))
    torch.testing.assert_close(reform(copy.deepcopy(attention), "identity")(x), alone)
    mean = alone.mean(1, keepdim=True).expand_as(alone)
    torch.testing.assert_close(reform(copy.deepcopy(attention), "uniform")(x), mean)
    random = reform(copy.deepcopy(attention), "random_symmetric", CONVERT)
    form = random.scores.form
    torch.testing.assert_close(form, form.transpose(-1, -2))
    sizes = score_weights(attention).form.norm(dim=(-2, -1))
    torch.testing.assert_close(form.norm(dim=(-2, -1)), sizes)


# Formulas for one head without biases, width N: a full attention has 4 N^2 weights.
@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        ("symmetric", 3 * WIDTH**2),
        ("symmetric_cholesky", 2 * WIDTH**2 + WIDTH * (WIDTH + 1) // 2),
        ("collapsed_qk", 3 * WIDTH**2),
        ("collapsed_qk+no_vo", WIDTH**2),
        ("collapsed_vo", 3 * WIDTH**2),
        ("no_vo", 2 * WIDTH**2),
        ("shared_kv", 3 * WIDTH**2),
        ("symmetric+shared_kv", 2 * WIDTH**2),
        ("symmetric_cholesky+no_vo", WIDTH * (WIDTH + 1) // 2),
        ("uniform+no_vo", 0),
    ],
)
def test_weights_of_one_head(variant: str, weights: int) -> None:
    attention = reform(made(heads=1, bias=False), variant)
    assert sum(weight.numel() for weight in attention.parameters()) == weights


def test_collapse_saves_only_for_one_head() -> None:
    sizes = {}
    for heads in (1, 2, 4):
        attention = reform(made(heads=heads, bias=False), "collapsed_qk")
        sizes[heads] = sum(weight.numel() for weight in attention.scores.parameters()) / (2 * WIDTH**2)
    assert sizes == {1: 0.5, 2: 1.0, 4: 2.0}


def test_shared_keys_and_values_of_one_full_head_are_exact() -> None:
    attention, x = made(heads=1), tokens()
    changed = reform(copy.deepcopy(attention), "shared_kv", CONVERT)
    assert factored_values(changed).value is factored_scores(changed).key
    torch.testing.assert_close(changed(x), attention(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "variant", "reason"),
    [
        ({"heads": 4, "rotary": True}, "collapsed_qk", "rotary"),
        ({"heads": 4, "key_heads": 2}, "symmetric", "4 query heads share 2 key heads"),
        ({"heads": 4, "context_width": 10}, "symmetric_signed", "two streams"),
        ({"heads": 4, "context_width": 10}, "no_vo", "the context is 10 wide, the stream 16"),
        ({"heads": 2, "head_width": 12}, "symmetric_cholesky", "do not make up a stream of 16"),
        ({"heads": 4}, "collapsed_qk+shared_kv", "no key projection"),
    ],
)
def test_what_is_impossible_is_refused_with_the_reason(shape: dict[str, object], variant: str, reason: str) -> None:
    attention = made(**shape)
    before = (attention.scores, attention.values)
    with pytest.raises(RefusedError, match=reason):
        reform(attention, variant)
    assert (attention.scores, attention.values) == before


def test_a_map_on_queries_breaks_collapse_but_not_symmetry() -> None:
    attention = made(heads=4)
    assert isinstance(attention.scores, FactoredScores)
    attention.scores.query_map = attention.scores.key_map = nn.LayerNorm(4).double()
    with pytest.raises(RefusedError, match="LayerNorm stands between"):
        reform(attention, "collapsed_qk")
    found = reform(attention, "symmetric").scores(tokens(), tokens(), None)
    torch.testing.assert_close(found, found.transpose(-1, -2))


@pytest.mark.parametrize("name", ["", "nonsense", "symmetric+collapsed_qk", "no_mlp+no_mlp", "baseline+no_vo"])
def test_unknown_variants(name: str) -> None:
    with pytest.raises(InputError, match="joined by"):
        reform(made(heads=1), name)
