"""The algebra of a head's form through its factors, against dense matrices."""

from __future__ import annotations

import torch

from workbench.attention.algebra import symmetric_part, symmetry_score, truncated, variation_bound, whitened
from workbench.attention.factored import new_attention
from workbench.attention.fold import fold_norm, folded
from workbench.attention.weights import score_weights


def factors(heads: int = 3, width: int = 12, rank: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, heads, width, rank, dtype=torch.float64, generator=generator)
    return query, key


def test_symmetry_score() -> None:
    query, key = factors()
    form = query @ key.transpose(-1, -2)
    even, odd = (form + form.mT) / 2, (form - form.mT) / 2
    expected = (even.pow(2).sum((1, 2)) - odd.pow(2).sum((1, 2))) / form.pow(2).sum((1, 2))
    torch.testing.assert_close(symmetry_score(query, key), expected)
    torch.testing.assert_close(symmetry_score(query, query), torch.ones(3, dtype=torch.float64))


def test_symmetry_score_does_not_depend_on_the_factors() -> None:
    query, key = factors()
    gauge = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    moved = symmetry_score(query @ gauge, key @ torch.linalg.inv(gauge).T)
    torch.testing.assert_close(moved, symmetry_score(query, key))


def test_truncation_is_the_best_of_its_rank() -> None:
    query, key = factors()
    form = query @ key.mT
    left, right = truncated(query, key, 2)
    energy = torch.linalg.svdvals(form)
    error = (left @ right.mT - form).pow(2).sum((1, 2))
    torch.testing.assert_close(error, energy[:, 2:].pow(2).sum(1))


def test_truncation_by_second_moment_keeps_logits_better() -> None:
    query, key = factors()
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(400, 12, dtype=torch.float64, generator=generator) * torch.logspace(-1, 1, 12, dtype=torch.float64)
    moment = x.T @ x / len(x)

    def error(pair: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return (x @ (pair[0] @ pair[1].mT - query @ key.mT) @ x.T).norm(dim=(1, 2))

    assert (error(whitened(query, key, moment, 2)) < error(truncated(query, key, 2))).all()


def test_symmetric_part() -> None:
    query, key = factors()
    values, vectors = symmetric_part(query, key)
    form = query @ key.mT
    torch.testing.assert_close(vectors * values[:, None] @ vectors.mT, (form + form.mT) / 2)
    assert (values.abs().diff(dim=-1) <= 1e-12).all()


def test_variation_is_bounded() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = 3 * torch.randn(500, 9, dtype=torch.float64, generator=generator)
    change = torch.randn(500, 9, dtype=torch.float64, generator=generator)
    variation = ((logits + change).softmax(-1) - logits.softmax(-1)).abs().sum(-1) / 2
    bound = variation_bound(change)
    assert (variation <= bound).all()
    assert (variation / bound).max() > 0.5


def test_folding_a_norm_keeps_the_function() -> None:
    torch.manual_seed(0)
    attention, norm = new_attention(12, 3).double(), torch.nn.LayerNorm(12).double()
    torch.nn.init.normal_(norm.weight, mean=1, std=0.5)
    torch.nn.init.normal_(norm.bias, std=0.5)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    expected, weights = attention(norm(x)), folded(score_weights(attention), norm.weight, norm.bias)
    fold_norm(norm, attention)
    assert torch.equal(norm.weight, torch.ones_like(norm.weight))
    torch.testing.assert_close(attention(norm(x)), expected)
    torch.testing.assert_close(score_weights(attention).form, weights.form)
    torch.testing.assert_close(score_weights(attention).column, weights.column)
