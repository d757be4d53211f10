"""What is special about sparse query attention: fewer query heads of the same width, so fewer scores."""

from __future__ import annotations

import pytest
import torch

from workbench.zoo.count import multiply_adds
from workbench.zoo.shape import Shape
from workbench.zoo.systems.language.sqa import HEADS, _small, sqa

TEXT = Shape("tokens", 30, each=True, vocabulary=30, length=12)


@pytest.mark.parametrize("kind", HEADS)
def test_published_heads_are_sixteen_wide(kind: str) -> None:
    with torch.device("meta"):
        attention = sqa(kind, TEXT).network.model.layers[0].self_attn
    query_heads, key_heads = HEADS[kind]
    assert (attention.q_proj.out_features, attention.k_proj.out_features) == (16 * query_heads, 16 * key_heads)
    assert attention.v_proj.out_features == 16 * key_heads


def test_scores_cost_as_many_as_there_are_query_heads() -> None:
    """Twice the length adds scores alone beyond twice the cost, and half of the query heads half of these."""

    def scores(kind: str) -> int:
        short, long = (Shape("tokens", 30, each=True, vocabulary=30, length=length) for length in (64, 128))
        return multiply_adds(_small(long, kind), long) - 2 * multiply_adds(_small(short, kind), short)

    assert scores("mha") == scores("gqa") == 2 * scores("sqa") == 2 * scores("ssqa") == 4 * scores("xsqa") > 0


@pytest.mark.parametrize("kind", ["mha", "sqa", "xsmqa"])
def test_later_tokens_are_not_seen(kind: str) -> None:
    torch.manual_seed(0)
    model, tokens = _small(TEXT, kind).eval(), TEXT.example()[0]
    other = tokens.clone()
    other[:, 6] = (other[:, 6] + 1) % 30
    before, after = model(tokens), model(other)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])
