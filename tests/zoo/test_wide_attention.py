"""What is special about wide attention: layers are traded for heads of the same width."""

from __future__ import annotations

import pytest
import torch

from workbench.zoo.count import parameters
from workbench.zoo.shape import Shape
from workbench.zoo.systems.language.wide_attention import PUBLISHED, SMALL, _small, encoder

TEXT = Shape("tokens", 3, vocabulary=30, length=10)


@pytest.mark.parametrize("ratios", [PUBLISHED, SMALL])
def test_ratios_have_the_same_heads_in_all(ratios: dict[str, tuple[int, int]]) -> None:
    assert len({layers * heads for layers, heads in ratios.values()}) == 1


def test_attention_has_the_same_weights_in_every_ratio_and_the_mlps_shrink() -> None:
    models = {ratio: _small(TEXT, ratio) for ratio in SMALL}
    attention = {ratio: sum(parameters(block.attention) for block in model.blocks) for ratio, model in models.items()}
    mlps = {ratio: sum(parameters(block.mlp) for block in model.blocks) for ratio, model in models.items()}
    assert attention["1x12"] == attention["4x3"]
    assert mlps["4x3"] == 4 * mlps["1x12"]


@pytest.mark.parametrize("heads", [1, 5])
def test_the_width_of_a_head_does_not_depend_on_their_number(heads: int) -> None:
    model = encoder(TEXT, 2, heads, width=12, head_width=4, hidden=16)
    assert [block.attention.scores.query.out_features for block in model.blocks] == [4 * heads] * 2
    assert model(*TEXT.example(batch=2)).shape == (2, 3)


def test_padding_is_not_seen() -> None:
    torch.manual_seed(0)
    model, tokens = _small(TEXT, "1x12").eval(), TEXT.example(batch=1)[0]
    tokens[:, 6:] = 0
    stirred = _small(TEXT, "1x12").eval()
    stirred.load_state_dict(model.state_dict())
    with torch.no_grad():
        stirred.embed.weight[0] += 1
    assert torch.equal(model(tokens), stirred(tokens))
